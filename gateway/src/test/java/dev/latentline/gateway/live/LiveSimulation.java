package dev.latentline.gateway.live;

import dev.latentline.gateway.live.NewestWins.Cancel;
import dev.latentline.gateway.live.NewestWins.Order;
import dev.latentline.gateway.live.NewestWins.Show;
import dev.latentline.gateway.live.NewestWins.Submit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * Somebody who types, and a line with one denoiser and one decoder, in virtual milliseconds. What a
 * frame takes is as measured with starter-turbo on two idle cores, but for its steps.
 */
final class LiveSimulation {
  private static final int STEPS = 4;

  /** From its acceptance to the denoiser. */
  private static final double FRONT = 30;

  private static final double DECODE = 60;
  private static final double BACK = 20;

  /** Until the gateway hears of a step. */
  private static final double TOLD = 10;

  /** Until a cancellation is heard of in the line, and in the gateway again. */
  private static final double CANCELLED = 20;

  private static final double AFTER_PHRASE = 6_000;
  private static final int KEYS_OF_A_PHRASE = 25;

  /** What decides about prompts and frames. */
  interface Policy {
    List<Order> offer(long seq);

    List<Order> stepped(long seq, long leftMillis);

    List<Order> made(long seq);

    List<Order> ended(long seq);
  }

  /**
   * What somebody saw.
   *
   * @param latency of every frame shown, median milliseconds from its key
   * @param lastKey the same of the last key of a phrase
   * @param frames shown for each second of typing, the pauses after phrases left out
   */
  record Seen(double latency, double lastKey, double frames) {}

  private record Event(double at, long number, Runnable happens) {}

  private static final class Frame {
    private final long seq;
    private int left = STEPS;
    private boolean cancelled;

    Frame(long seq) {
      this.seq = seq;
    }
  }

  private final Policy policy;
  private final double step;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparing(Event::number));
  private final Map<Long, Double> typedAt = new HashMap<>();
  private final Map<Long, Double> shownAfter = new HashMap<>();
  private final List<Long> lastKeys = new ArrayList<>();
  private final Map<Long, Frame> frames = new HashMap<>();
  private final List<Frame> denoising = new ArrayList<>();
  private double now;
  private double typing;
  private double decoderFreeAt;
  private boolean busy;
  private long number;

  /**
   * @param step how long one of a frame's four steps takes
   */
  LiveSimulation(Policy policy, double step) {
    this.policy = policy;
    this.step = step;
  }

  Seen run(int phrases, long seed) {
    Random random = new Random(seed);
    double at = 0;
    long seq = 0;
    for (int phrase = 0; phrase < phrases; phrase++) {
      double began = at;
      for (int key = 0; key < KEYS_OF_A_PHRASE; key++) {
        long typed = seq++;
        at(at, () -> type(typed));
        at += 150 * Math.exp(0.45 * random.nextGaussian());
      }
      lastKeys.add(seq - 1);
      typing += at - began;
      at += AFTER_PHRASE;
    }
    while (!events.isEmpty()) {
      Event event = events.poll();
      now = event.at();
      event.happens().run();
    }
    List<Double> last = lastKeys.stream().map(shownAfter::get).toList();
    return new Seen(
        median(List.copyOf(shownAfter.values())), median(last), 1000 * shownAfter.size() / typing);
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private void at(double time, Runnable happens) {
    events.add(new Event(time, number++, happens));
  }

  private void type(long seq) {
    typedAt.put(seq, now);
    carryOut(policy.offer(seq));
  }

  private void carryOut(List<Order> orders) {
    for (Order order : orders) {
      if (order instanceof Submit<?>) {
        Frame frame = new Frame(order.seq());
        frames.put(order.seq(), frame);
        at(now + FRONT, () -> arrive(frame));
      } else if (order instanceof Cancel) {
        Frame frame = frames.get(order.seq());
        at(now + CANCELLED, () -> frame.cancelled = true);
      } else if (order instanceof Show) {
        shownAfter.put(order.seq(), now - typedAt.get(order.seq()));
      }
    }
  }

  private void arrive(Frame frame) {
    denoising.add(frame);
    makeStep();
  }

  private void makeStep() {
    if (busy) {
      return;
    }
    for (Frame frame : List.copyOf(denoising)) {
      if (frame.cancelled) {
        denoising.remove(frame);
        at(now + CANCELLED, () -> carryOut(policy.ended(frame.seq)));
      }
    }
    Optional<Frame> next =
        denoising.stream()
            .min(Comparator.<Frame>comparingInt(f -> f.left).thenComparingLong(f -> f.seq));
    next.ifPresent(
        frame -> {
          busy = true;
          at(now + step, () -> stepMade(frame));
        });
  }

  private void stepMade(Frame frame) {
    busy = false;
    frame.left--;
    long left = Math.round(frame.left * step);
    at(now + TOLD, () -> carryOut(policy.stepped(frame.seq, left)));
    if (frame.left == 0) {
      denoising.remove(frame);
      decoderFreeAt = Math.max(now, decoderFreeAt) + DECODE;
      at(decoderFreeAt + BACK, () -> carryOut(policy.made(frame.seq)));
    }
    makeStep();
  }
}
