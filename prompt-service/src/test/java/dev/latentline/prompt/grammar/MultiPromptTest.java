package dev.latentline.prompt.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Examples of Midjourney's documentation ("Multi-Prompts & Weights") and what is near them. */
class MultiPromptTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "space ship                        ! space ship=1.0",
        "space:: ship                      ! space=1.0 + ship=1.0",
        "space::2 ship                     ! space=2.0 + ship=1.0",
        "space::2ship                      ! space=1.0 + 2ship=1.0",
        "a::1girl                          ! a=1.0 + 1girl=1.0",
        "a::.5 b::-0.5 c::+2               ! a=0.5 + b=-0.5 + c=2.0",
        "a::2, b                           ! a=2.0 + , b=1.0",
        "a::2 ::3 b                        ! a=2.0 + b=1.0",
        "::2                               ! ",
        "a:b :c                            ! a:b :c=1.0",
        "(a:1.2) [b|c] AND d               ! (a:1.2) [b|c] AND d=1.0",
        "a::1.5.2                          ! a=1.0 + 1.5.2=1.0",
        "a::2. b                           ! a=2.0 + b=1.0",
        "a::. b                            ! a=1.0 + . b=1.0",
        "a::1\u00bd b                      ! a=1.0 + 1\u00bd b=1.0",
      })
  void aDoubleColonEndsAPrompt(String text, String expected) {
    String found =
        String.join(
            " + ",
            MultiPrompt.of(text).stream()
                .map(prompt -> prompt.text() + "=" + prompt.weight())
                .toList());

    assertThat(found).isEqualTo(expected == null ? "" : expected);
  }

  @Test
  void aWeightOfManyDigitsIsStillANumber() {
    assertThat(MultiPrompt.of("a::" + "9".repeat(400)))
        .extracting(Composition.Prompt::text, Composition.Prompt::weight)
        .containsExactly(tuple("a", Double.POSITIVE_INFINITY));
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          assertThat(MultiPrompt.of(":".repeat(32_000))).isEmpty();
          for (String part : List.of("1", "1.", ".1", " ", "::1")) {
            MultiPrompt.of("a::" + part.repeat(300_000) + "x");
          }
        });
  }
}
