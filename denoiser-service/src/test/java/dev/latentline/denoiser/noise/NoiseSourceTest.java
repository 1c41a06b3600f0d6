package dev.latentline.denoiser.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseSourceTest {
  static Iterable<JsonNode> drawnByTorch() throws IOException {
    try (InputStream file = NoiseSourceTest.class.getResourceAsStream("/parity/noise.json")) {
      return new JsonMapper().readTree(file);
    }
  }

  /** Golden values of torch 2.15.0 on an x86-64 with AVX2. */
  @ParameterizedTest
  @MethodSource("drawnByTorch")
  void onCpusItIsThatOfPyTorchToTheLastBit(JsonNode drawn) {
    NoiseSource source =
        NoiseSource.of(Rng.CPU, drawn.path("seed").asLong(), drawn.path("elements").asInt());

    for (int number = 0; number < 4; number++) {
      float[] draw = source.draw(number);
      assertThat(draw[0])
          .isCloseTo((float) drawn.path("begins").get(number).asDouble(), within(1e-6f));
      assertThat(Sha256.hex(bytes(draw))).isEqualTo(drawn.path("sha256").get(number).asText());
    }
  }

  @ParameterizedTest
  @EnumSource(Rng.class)
  void aDrawIsTheSameWhateverWasDrawnBefore(Rng rng) {
    NoiseSource inOrder = NoiseSource.of(rng, 7, 37);
    NoiseSource backwards = NoiseSource.of(rng, 7, 37);
    float[][] draws = new float[5][];
    for (int number = 0; number < 5; number++) {
      draws[number] = inOrder.draw(number);
    }

    for (int number = 4; number >= 0; number--) {
      assertThat(backwards.draw(number)).isEqualTo(draws[number]);
      assertThat(backwards.draw(number)).isEqualTo(draws[number]);
    }
    assertThat(draws[1]).isNotEqualTo(draws[0]);
  }

  @Test
  void byDefaultItIsThatOfNvidiasGpus() {
    assertThat(NoiseSource.of(Rng.NV, 99, 12).draw(3)).isEqualTo(Noise.draw(99, 3, 12));
  }

  private static byte[] bytes(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }
}
