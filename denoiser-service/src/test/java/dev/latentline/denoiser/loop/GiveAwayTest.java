package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GiveAwayTest {
  private static final long PAUSE = GiveAway.FIRST_PAUSE.toNanos();
  private static final One SHORT = new One("short", 1, false);
  private static final One LONG = new One("long", 9, false);

  private final GiveAway giveAway = new GiveAway(4);

  private record One(String key, double remaining, boolean overdue, boolean movable)
      implements GiveAway.Held {
    One(String key, double remaining, boolean overdue) {
      this(key, remaining, overdue, true);
    }

    @Override
    public Object kind() {
      return "one";
    }

    @Override
    public int rows() {
      return 1;
    }

    @Override
    public long accepted() {
      return 0;
    }
  }

  @Test
  void theOneThatWouldBeLastGoesAfterAPause() {
    assertThat(giveAway.next(List.of(SHORT, LONG), 0)).isEmpty();
    assertThat(giveAway.next(List.of(SHORT, LONG), PAUSE - 1)).isEmpty();
    assertThat(giveAway.next(List.of(SHORT, LONG), PAUSE)).contains(LONG);
  }

  @Test
  void theOnlyOneStays() {
    assertThat(giveAway.next(List.of(LONG), 0)).isEmpty();
    assertThat(giveAway.next(List.of(LONG), 100 * PAUSE)).isEmpty();
  }

  @Test
  void whatNobodyElseCouldGoOnWithStays() {
    One unwritten = new One("unwritten", 99, false, false);

    assertThat(giveAway.next(List.of(unwritten, LONG), 0)).isEmpty();
    assertThat(giveAway.next(List.of(unwritten, LONG), PAUSE)).contains(LONG);
    assertThat(giveAway.next(List.of(unwritten, unwritten), 3 * PAUSE)).isEmpty();
  }

  @Test
  void whatIsNearlyDoneStays() {
    List<One> held = List.of(new One("a", 0.1, false), new One("b", 0.2, false));

    assertThat(giveAway.next(held, 0)).isEmpty();
    assertThat(giveAway.next(held, PAUSE)).isEmpty();
  }

  @Test
  void eachThatComesBackMakesTheNextPauseLonger() {
    List<One> held = List.of(SHORT, LONG);
    giveAway.next(held, 0);
    long now = PAUSE;
    assertThat(giveAway.next(held, now)).contains(LONG);
    giveAway.came("long");

    // due after the pause that was set when it went, and from then on later
    now += PAUSE;
    assertThat(giveAway.next(held, now)).contains(LONG);
    giveAway.came("long");
    assertThat(giveAway.next(held, now + PAUSE)).isEmpty();
    assertThat(giveAway.next(held, now + 2 * PAUSE)).contains(LONG);
  }

  @Test
  void oneThatStaysAwayMakesItShortAgain() {
    List<One> held = List.of(SHORT, LONG);
    giveAway.next(held, 0);
    long now = PAUSE;
    for (int i = 0; i < 5; i++) {
      assertThat(giveAway.next(held, now)).contains(LONG);
      giveAway.came("long");
      now += GiveAway.LONGEST_PAUSE.toNanos();
    }
    assertThat(giveAway.next(held, now)).contains(LONG);
    now += GiveAway.LONGEST_PAUSE.toNanos();
    assertThat(giveAway.next(held, now)).contains(LONG);

    assertThat(giveAway.next(held, now + PAUSE)).contains(LONG);
  }

  @Test
  void whoHoldsAsManyAsItMayKeepsWhatHasWaitedTooLong() {
    One overdue = new One("overdue", 99, true);
    List<One> full = List.of(SHORT, LONG, overdue, new One("other", 2, false));
    giveAway.next(full, 0);

    assertThat(giveAway.next(full, PAUSE)).isEqualTo(Optional.of(LONG));
  }
}
