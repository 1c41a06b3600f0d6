package dev.latentline.denoiser.noise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PhiloxTest {
  /** The lines "philox4x32 10" of Random123's kat_vectors: counter, key, result. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "00000000 00000000 00000000 00000000 00000000 00000000 "
            + "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
            + "408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 "
            + "d16cfe09 94fdcceb 5001e420 24126ea1"
      })
  void givesTheKnownAnswersOfRandom123(String line) {
    int[] words =
        Arrays.stream(line.split(" ")).mapToInt(w -> Integer.parseUnsignedInt(w, 16)).toArray();
    int[] counter = Arrays.copyOf(words, 4);

    Philox.replace(counter, words[4], words[5]);

    assertThat(counter).containsExactly(Arrays.copyOfRange(words, 6, 10));
  }
}
