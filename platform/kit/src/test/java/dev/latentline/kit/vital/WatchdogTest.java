package dev.latentline.kit.vital;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchdogTest {
  private final Part quick = new Part();
  private final Part slow = new Part();
  private long nanos = -5;
  private int halted;
  private final Watchdog watchdog = new Watchdog(List.of(quick, slow), () -> nanos, () -> halted++);

  private static final class Part implements Vital {
    private boolean hangs;

    @Override
    public String name() {
      return "part";
    }

    @Override
    public boolean hangs() {
      return hangs;
    }
  }

  @Test
  void whatHangsForTwoMinutesEndsTheProcess() {
    slow.hangs = true;
    look(Duration.ZERO);
    look(Duration.ofSeconds(119));
    assertThat(halted).isZero();

    look(Duration.ofSeconds(1));

    assertThat(halted).isEqualTo(1);
  }

  @Test
  void whatGoesOnAgainHasAllItsTime() {
    slow.hangs = true;
    look(Duration.ZERO);
    slow.hangs = false;
    look(Duration.ofSeconds(119));
    quick.hangs = true;
    look(Duration.ofSeconds(10));
    look(Duration.ofSeconds(119));
    assertThat(halted).isZero();

    look(Duration.ofSeconds(1));

    assertThat(halted).isEqualTo(1);
  }

  @Test
  void whileAllGoesOnNothingHappens() {
    look(Duration.ZERO);
    look(Duration.ofHours(1));

    assertThat(halted).isZero();
  }

  private void look(Duration later) {
    nanos += later.toNanos();
    watchdog.look();
  }
}
