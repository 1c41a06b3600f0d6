package dev.latentline.prompt.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.prompt.grammar.PromptSchedule.Part;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptScheduleTest {
  /** Those that AUTOMATIC1111 publishes in its parser's documentation, for ten steps. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "test;10=test",
        "a [b:3];3=a |10=a b",
        "a [b: 3];3=a |10=a b",
        "a [[[b]]:2];2=a |10=a [[b]]",
        "[(a:2):3];3=|10=(a:2)",
        "a [b : c : 1] d;1=a b  d|10=a  c  d",
        "a[b:[c:d:2]:1]e;1=abe|2=ace|10=ade",
        "a [unbalanced;10=a [unbalanced",
        "a [b:.5] c;5=a  c|10=a b c",
        "a [{b|d{:.5] c;5=a  c|10=a {b|d{ c",
        "((a][:b:c [d:3];3=((a][:b:c |10=((a][:b:c d",
        // and what is near them
        "[a:3.];10=",
        "[a:+3];3=|10=a",
        "[a: .3 ];3=|10=a",
        "[a:1.2.3];10=[a:1.2.3]",
        "[a:1 2];10=[a:1 2]",
        "[a:.];10=[a:.]",
      })
  void textsChangeWhereTheyDoThere(String prompt, String expected) {
    assertThat(shown(PromptSchedule.of(prompt, 10))).isEqualTo(expected);
  }

  @Test
  void alternativesTakeTurnsAtEveryStep() {
    assertThat(PromptSchedule.of("[a|(b:1.1)]", 3))
        .containsExactly(new Part(1, "a"), new Part(2, "(b:1.1)"), new Part(3, "a"));
    assertThat(PromptSchedule.of("[fe|]male", 2))
        .containsExactly(new Part(1, "female"), new Part(2, "male"));
    assertThat(PromptSchedule.of("[fe|||]male", 6).stream().map(Part::text))
        .containsExactly("female", "male", "male", "male", "female", "male");
  }

  @Test
  void whatNeverComesAndWhatIsThereFromTheStartAreOneText() {
    assertThat(shown(PromptSchedule.of("a[b:40]", 10))).isEqualTo("10=a");
    assertThat(shown(PromptSchedule.of("a[b:0]", 10))).isEqualTo("10=ab");
    assertThat(shown(PromptSchedule.of("a[b:-3]", 10))).isEqualTo("10=ab");
    assertThat(shown(PromptSchedule.of("a[b::1.0]", 10))).isEqualTo("10=ab");
  }

  @Test
  void literalBracketsStay() {
    assertThat(shown(PromptSchedule.of("a \\[b:3\\] [c\\|d]", 10)))
        .isEqualTo("10=a \\[b:3\\] [c\\|d]");
    assertThat(shown(PromptSchedule.of("[a:b:c:3] (d:e:4)", 10))).isEqualTo("10=[a:b:c:3] (d:e:4)");
    assertThat(shown(PromptSchedule.of("", 10))).isEqualTo("10=");
    assertThat(shown(PromptSchedule.of("\\", 10))).isEqualTo("10=\\");
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String part : List.of("[", "(", "[a:", "[a|", "]", "[[a]:2", "[|]", "\\")) {
            PromptSchedule.of(part.repeat(32_000 / part.length()), 150);
          }
          for (String part : List.of("1", "1.", ".1", " ", "1 ")) {
            PromptSchedule.of("[a:" + part.repeat(300_000) + "x]", 150);
            PromptSchedule.of("[a:b:" + part.repeat(300_000) + "x]", 150);
          }
          PromptSchedule.of("[".repeat(16_000) + "]".repeat(16_000), 150);
          PromptSchedule.of("[a|".repeat(8_000) + "]".repeat(8_000), 150);
        });
  }

  private static String shown(List<Part> parts) {
    return parts.stream()
        .map(part -> part.lastStep() + "=" + part.text())
        .collect(Collectors.joining("|"));
  }
}
