package dev.latentline.prompt.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.prompt.grammar.Composition.Prompt;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class CompositionTest {
  @Test
  void promptsArePartedAndWeighed() {
    assertThat(Composition.of("a cat")).containsExactly(new Prompt("a cat", 1));
    assertThat(Composition.of("a cat :1.2 AND a dog AND a fox : -.5 "))
        .containsExactly(
            new Prompt("a cat", 1.2), new Prompt(" a dog", 1), new Prompt(" a fox", -0.5));
    assertThat(Composition.of("a:2.AND b,AND:+.5"))
        .containsExactly(new Prompt("a", 2), new Prompt(" b,", 1), new Prompt("", 0.5));
    assertThat(Composition.of("\u732b\u3000:0.5 AND a\u00a0\t:2"))
        .containsExactly(new Prompt("\u732b\u3000", 0.5), new Prompt(" a\u00a0", 2));
    assertThat(Composition.of("")).containsExactly(new Prompt("", 1));
    assertThat(Composition.of("a AND ")).containsExactly(new Prompt("a", 1), new Prompt("", 1));
  }

  @Test
  void whatIsNoWeightOfAPromptIsText() {
    assertThat(Composition.of("a LAND and SAND")).containsExactly(new Prompt("a LAND and SAND", 1));
    assertThat(Composition.of("a_AND 1AND ANDY")).containsExactly(new Prompt("a_AND 1AND ANDY", 1));
    assertThat(Composition.of("\u00fcAND AND\u00fc"))
        .containsExactly(new Prompt("\u00fcAND AND\u00fc", 1));
    assertThat(Composition.of("(a:1.2)")).containsExactly(new Prompt("(a:1.2)", 1));
    assertThat(Composition.of("a 16:9 picture")).containsExactly(new Prompt("a 16:9 picture", 1));
    assertThat(Composition.of("a:")).containsExactly(new Prompt("a:", 1));
    assertThat(Composition.of("a:1.2.3")).containsExactly(new Prompt("a:1.2.3", 1));
    assertThat(Composition.of("a:1 2")).containsExactly(new Prompt("a:1 2", 1));
    assertThat(Composition.of("a:.")).containsExactly(new Prompt("a:.", 1));
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          Composition.of(" ".repeat(32_000) + "x");
          Composition.of(": ".repeat(16_000) + "x");
          Composition.of("AND ".repeat(8_000));
          Composition.of("a:" + "1".repeat(300_000) + "x");
          Composition.of("a:" + "1".repeat(300_000) + " ".repeat(300_000) + "x");
          Composition.of("a:" + "1.".repeat(300_000));
          Composition.of("\u0301".repeat(300_000));
        });
  }
}
