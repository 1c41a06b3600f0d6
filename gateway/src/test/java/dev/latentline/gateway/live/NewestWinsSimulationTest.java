package dev.latentline.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.live.LiveSimulation.Policy;
import dev.latentline.gateway.live.LiveSimulation.Seen;
import dev.latentline.gateway.live.NewestWins.Cancel;
import dev.latentline.gateway.live.NewestWins.Order;
import dev.latentline.gateway.live.NewestWins.Show;
import dev.latentline.gateway.live.NewestWins.Submit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The rules of {@link NewestWins} against simpler ones, in virtual time. */
class NewestWinsSimulationTest {
  private static final int PHRASES = 200;
  private static final double FAST = 25;
  private static final double SLOW = 400;

  @Test
  void withFastStepsNearlyEveryKeyHasAPictureAndItIsSoon() {
    Seen decided = seen(new Decided(), FAST);
    Seen atOnce = seen(new CancelAtOnce(), FAST);
    Seen oneByOne = seen(new OneByOne(), FAST);

    assertThat(decided.latency()).isLessThan(220);
    assertThat(decided.lastKey()).isLessThan(220).isLessThan(0.7 * oneByOne.lastKey());
    assertThat(decided.frames())
        .isGreaterThan(1.2 * oneByOne.frames())
        .isGreaterThan(3 * atOnce.frames());
  }

  @Test
  void withSlowStepsPicturesChangeAllTheSameAndTheLastKeyWaitsLessThanTwoFrames() {
    Seen decided = seen(new Decided(), SLOW);
    Seen atOnce = seen(new CancelAtOnce(), SLOW);
    Seen oneByOne = seen(new OneByOne(), SLOW);

    assertThat(decided.frames()).isGreaterThan(3 * atOnce.frames());
    assertThat(decided.lastKey())
        .isLessThan(0.95 * oneByOne.lastKey())
        .isLessThan(1.5 * atOnce.lastKey());
  }

  private static Seen seen(Policy policy, double step) {
    Seen seen = new LiveSimulation(policy, step).run(PHRASES, 7);
    System.out.printf(
        "%-14s steps of %3.0f ms: %5.0f ms a frame, %5.0f ms the last key, %.1f frames/s%n",
        policy.getClass().getSimpleName(), step, seen.latency(), seen.lastKey(), seen.frames());
    return seen;
  }

  private static final class Decided implements Policy {
    private final NewestWins<Long> wins = new NewestWins<>();

    @Override
    public List<Order> offer(long seq) {
      return wins.offer(seq, seq);
    }

    @Override
    public List<Order> stepped(long seq, long leftMillis) {
      return wins.stepped(seq, leftMillis);
    }

    @Override
    public List<Order> made(long seq) {
      return wins.made(seq);
    }

    @Override
    public List<Order> ended(long seq) {
      return wins.ended(seq);
    }
  }

  /** Every prompt goes into the line, and what is in it comes out. */
  private static final class CancelAtOnce implements Policy {
    private final List<Long> inFlight = new ArrayList<>();

    @Override
    public List<Order> offer(long seq) {
      List<Order> orders = new ArrayList<>();
      inFlight.forEach(older -> orders.add(new Cancel(older)));
      inFlight.clear();
      inFlight.add(seq);
      orders.add(new Submit<>(seq, seq));
      return orders;
    }

    @Override
    public List<Order> stepped(long seq, long leftMillis) {
      return List.of();
    }

    @Override
    public List<Order> made(long seq) {
      return inFlight.remove((Object) seq) ? List.of(new Show(seq)) : List.of();
    }

    @Override
    public List<Order> ended(long seq) {
      return List.of();
    }
  }

  /** The newest waits until the frame before it is shown. */
  private static final class OneByOne implements Policy {
    private long waiting = -1;
    private boolean busy;

    @Override
    public List<Order> offer(long seq) {
      waiting = seq;
      return next(List.of());
    }

    @Override
    public List<Order> stepped(long seq, long leftMillis) {
      return List.of();
    }

    @Override
    public List<Order> made(long seq) {
      busy = false;
      return next(List.of(new Show(seq)));
    }

    @Override
    public List<Order> ended(long seq) {
      return List.of();
    }

    private List<Order> next(List<Order> first) {
      List<Order> orders = new ArrayList<>(first);
      if (!busy && waiting >= 0) {
        busy = true;
        orders.add(new Submit<>(waiting, waiting));
        waiting = -1;
      }
      return orders;
    }
  }
}
