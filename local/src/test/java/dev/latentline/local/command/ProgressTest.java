package dev.latentline.local.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final OptionalLong NOT_KNOWN = OptionalLong.empty();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private String after(boolean terminal, java.util.function.Consumer<Progress> use) {
    try (Progress progress =
        new Progress(new PrintStream(out, true, StandardCharsets.UTF_8), terminal)) {
      use.accept(progress);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void withoutATerminalThereIsALineAtEachQuarter() {
    String said =
        after(
            false,
            progress -> {
              progress.waiting(OptionalInt.of(2));
              progress.waiting(OptionalInt.of(1));
              for (int percent = 0; percent <= 100; percent++) {
                progress.done(percent / 100.0, NOT_KNOWN);
              }
            });
    assertThat(said.lines()).containsExactly("waiting, 2 before it", "25%", "50%", "75%", "100%");
  }

  @Test
  void progressNeverGoesBack() {
    String said =
        after(
            false,
            progress -> {
              progress.done(0.6, NOT_KNOWN);
              progress.done(0.3, NOT_KNOWN);
              progress.done(0.8, NOT_KNOWN);
            });
    assertThat(said.lines()).containsExactly("50%", "75%");
  }

  @Test
  void onATerminalTheBarStaysInItsLineAndIsTakenAway() {
    String said = after(true, progress -> progress.done(0.5, NOT_KNOWN));
    assertThat(said).contains("[###############---------------]  50%").endsWith("\r");
    assertThat(said).doesNotContain("\n");
  }

  @Test
  void onATerminalTheTimeThatIsLeftIsShownWhereItIsKnown() {
    String said =
        after(
            true,
            progress -> {
              progress.done(0.1, OptionalLong.of(125_000));
              progress.done(0.5, OptionalLong.of(11_200));
              progress.done(0.9, NOT_KNOWN);
            });
    assertThat(said).contains(" 10%  2:05 min left\r", " 50%  12 s left\r", " 90%\r");
  }
}
