package dev.latentline.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TriggerWordsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a cat EasyNegative               | easynegative",
        "(easynegative:1.2)               | easynegative",
        "[[easynegative]], ((a))          | easynegative",
        "[apple:easynegative:0.5] tree    | easynegative",
        "[cow;easynegative] tree          | easynegative",
        "easynegative::2 a cat::1         | easynegative",
        "easynegative2                    | easynegative",
        "(Bad - Hands-5:1.2)              | bad-hands-5",
        "bad-hands-50                     | bad-hands-5",
        "worst,bad_v1.3,blurred           | bad_v1.3",
        "(foo_:1.1)                       | foo_",
        "<old-map>                        | old-map",
      })
  void aWordIsFoundWhereverAPromptHasItInOnePiece(String prompt, String word) {
    // what CSV would take for its own
    assertThat(TriggerWords.of(prompt.replace(';', '|')).have(word)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "easynegatives",
        "uneasynegative",
        "easy negative",
        "easy-negative",
        "it'seasy",
        ""
      })
  void whatIsAnotherWordIsNotTakenForIt(String prompt) {
    assertThat(TriggerWords.of(prompt).have("easynegative")).isFalse();
  }

  @Test
  void caseIsThatOfEachCharacterAlone() {
    assertThat(TriggerWords.of("\u0130nk").have("i")).isTrue();
    assertThat(TriggerWords.of("\u0130nk").have("ink")).isFalse();
    assertThat(TriggerWords.of("\u212aIT").have("kit")).isTrue();
    assertThat(TriggerWords.of("\ud801\udc00 A").have("a")).isTrue();
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String part : List.of("\u03a3", "\u0130", "\u0301", "A1", "'", "- ")) {
            TriggerWords.of(part.repeat(100_000)).have("a-b");
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"bad hands 5", "bad--hands-5", "bad-hands", "(bad)-(hands)-5"})
  void hyphensAreWords(String prompt) {
    assertThat(TriggerWords.of(prompt).have("bad-hands-5")).isFalse();
  }
}
