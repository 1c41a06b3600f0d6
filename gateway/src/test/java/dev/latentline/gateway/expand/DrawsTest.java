package dev.latentline.gateway.expand;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DrawsTest {
  @Test
  void itIsSplitMix64AsPublished() {
    // of the authors' C code, https://prng.di.unimi.it/splitmix64.c, with the state 1234567
    Draws draws = Draws.from(1234567);

    assertThat(draws.next()).isEqualTo(6457827717110365317L);
    assertThat(draws.next()).isEqualTo(3203168211198807973L);
    assertThat(draws.next()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, 42, Long.MIN_VALUE})
  void andAsInJava(long state) {
    SplittableRandom java = new SplittableRandom(state);
    Draws draws = Draws.from(state);

    for (int i = 0; i < 100; i++) {
      assertThat(draws.next()).isEqualTo(java.nextLong());
    }
  }

  @Test
  void whatIsDrawnByASeedNeverChanges() {
    // pictures of the past are made again from these
    assertThat(Draws.ofPrompt(42).next()).isEqualTo(-7003031743601662594L);
    assertThat(Draws.ofNegativePrompt(42).next()).isEqualTo(-3463012675443625349L);
  }

  @Test
  void neighbouringSeedsDrawAllOptionsAlikeAndNoStreamIsAnothers() {
    List<Integer> drawn = new ArrayList<>(Collections.nCopies(10, 0));
    Set<Long> first = new HashSet<>();
    for (long seed = 0; seed < 10_000; seed++) {
      int option = (int) Draws.ofPrompt(seed).below(10);
      drawn.set(option, drawn.get(option) + 1);
      first.add(Draws.ofPrompt(seed).next());
      first.add(Draws.ofNegativePrompt(seed).next());
    }

    // 1000 each, with a standard deviation of 30
    assertThat(drawn).allSatisfy(times -> assertThat(times).isBetween(850, 1150));
    assertThat(first).hasSize(20_000);
  }
}
