package dev.latentline.gateway.expand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Limits;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WildcardsTest {
  @Test
  void whatIsWrongIsSaidOfEveryFileAndLineAtOnce() {
    Map<String, List<String>> files = new HashMap<>();
    files.put("broken", List.of("fine", "", "{a|b", "a\u0007b"));
    files.put("empty", List.of("# nothing"));
    files.put("lost", List.of("__brokn__"));

    assertThatThrownBy(() -> Wildcards.of(files))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .satisfies(
            message ->
                assertThat(message.lines())
                    .containsExactlyInAnyOrder(
                        "broken, line 3: A { is not closed: put a backslash before one that is text",
                        "broken, line 4: it holds a control character",
                        "empty: there is no line that can be chosen",
                        "lost: There is no wildcard __brokn__ here; near it is __broken__"));
  }

  @Test
  void filesThatNameOneAnotherInACircleAreRefused() {
    assertThatThrownBy(
            () ->
                Wildcards.of(
                    Map.of(
                        "a",
                        List.of("x", "__b__"),
                        "b",
                        List.of("{y|__c__}"),
                        "c",
                        List.of("__a__"))))
        .hasMessageContaining("names itself");
  }

  @Test
  void inARowTheyMayNameOneAnotherAsDeepAsChoicesMayBe() {
    Map<String, List<String>> files = new HashMap<>();
    files.put("w1", List.of("end"));
    for (int i = 2; i <= Limits.MAX_CHOICE_DEPTH; i++) {
      files.put("w" + i, List.of("__w" + (i - 1) + "__"));
    }
    Wildcards deep = Wildcards.of(files);
    assertThat(PromptTemplate.parse("__w10__", deep).expand(Draws.ofPrompt(0))).isEqualTo("end");

    files.put("w11", List.of("__w10__"));
    assertThatThrownBy(() -> Wildcards.of(files)).hasMessageContaining("w11: more than 10 files");
  }
}
