package dev.latentline.local.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ProgressTest {
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
                progress.done(percent / 100.0);
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
              progress.done(0.6);
              progress.done(0.3);
              progress.done(0.8);
            });
    assertThat(said.lines()).containsExactly("50%", "75%");
  }

  @Test
  void onATerminalTheBarStaysInItsLineAndIsTakenAway() {
    String said = after(true, progress -> progress.done(0.5));
    assertThat(said).contains("[###############---------------]  50%").endsWith("\r");
    assertThat(said).doesNotContain("\n");
  }
}
