package dev.latentline.gateway.live;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Which prompts of a session become frames, and which frames are shown. The newest prompt wins: one
 * waits at most, here, where replacing it is free. The next one is let into the line while the one
 * before it is still being finished, so that the line's beginning and its end work at the same
 * time. What is in the line is finished: whoever types would see nothing otherwise. No frame is
 * shown after a newer one.
 *
 * <p>Every method returns what is to be done, in that order. Pure; not thread-safe.
 *
 * @param <P> a prompt
 */
final class NewestWins<P> {
  /** Frames of a session in the line: one at its beginning, one in the middle, one at its end. */
  static final int MAX_IN_FLIGHT = 3;

  /**
   * What a frame takes from its acceptance to its first step: the next one may begin so early. In a
   * longer lead it would wait for the denoiser and grow old.
   */
  static final long LEAD_MILLIS = 40;

  /** Something to be done about a prompt or its frame. */
  sealed interface Order {
    long seq();
  }

  /** Lets a prompt into the line; {@link #stepped}, {@link #made} and {@link #ended} follow. */
  record Submit<T>(long seq, T prompt) implements Order {}

  /** Takes its frame out of the line; {@link #ended} or {@link #made} follows. */
  record Cancel(long seq) implements Order {}

  /** Shows its frame. */
  record Show(long seq) implements Order {}

  /** Says that it will not be shown: something newer came first. */
  record Drop(long seq) implements Order {}

  private static final class Frame {
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final long seq;
    private long leftMillis = UNKNOWN;
    private boolean cancelled;

    Frame(long seq) {
      this.seq = seq;
    }
  }

  /** In the line, oldest first. */
  private final List<Frame> inFlight = new ArrayList<>();

  private Optional<Submit<P>> waiting = Optional.empty();
  private long newest = -1;
  private long shown = -1;

  /** The highest number so far; -1 before the first. */
  long newest() {
    return newest;
  }

  /**
   * A prompt came.
   *
   * @param seq higher than that of every prompt before
   */
  List<Order> offer(long seq, P prompt) {
    if (seq <= newest) {
      throw new IllegalArgumentException("prompts are numbered in ascending order");
    }
    newest = seq;
    List<Order> orders = new ArrayList<>();
    waiting.ifPresent(older -> orders.add(new Drop(older.seq())));
    waiting = Optional.of(new Submit<>(seq, prompt));
    fill(orders);
    return orders;
  }

  /**
   * A step of a frame is made.
   *
   * @param leftMillis how long its other steps take; 0 after the last one
   */
  List<Order> stepped(long seq, long leftMillis) {
    List<Order> orders = new ArrayList<>();
    for (Frame frame : inFlight) {
      if (frame.seq == seq) {
        frame.leftMillis = leftMillis;
      }
    }
    fill(orders);
    return orders;
  }

  /** The picture of a frame is there. */
  List<Order> made(long seq) {
    List<Order> orders = new ArrayList<>();
    if (!leave(seq)) {
      return orders;
    }
    if (seq < shown) {
      orders.add(new Drop(seq));
    } else {
      shown = seq;
      orders.add(new Show(seq));
      inFlight.stream().filter(frame -> frame.seq < seq).forEach(old -> cancel(old, orders));
    }
    fill(orders);
    return orders;
  }

  /** A frame ended without a picture; it is dropped where that was asked for. */
  List<Order> ended(long seq) {
    List<Order> orders = new ArrayList<>();
    if (cancelled(seq)) {
      orders.add(new Drop(seq));
    }
    if (leave(seq)) {
      fill(orders);
    }
    return orders;
  }

  /** Whether a frame is in the line and is to leave it. */
  boolean cancelled(long seq) {
    return inFlight.stream().anyMatch(frame -> frame.seq == seq && frame.cancelled);
  }

  /** Nobody is there any more. */
  List<Order> close() {
    List<Order> orders = new ArrayList<>();
    waiting = Optional.empty();
    inFlight.forEach(frame -> cancel(frame, orders));
    return orders;
  }

  private boolean leave(long seq) {
    for (Iterator<Frame> frames = inFlight.iterator(); frames.hasNext(); ) {
      if (frames.next().seq == seq) {
        frames.remove();
        return true;
      }
    }
    return false;
  }

  private static void cancel(Frame frame, List<Order> orders) {
    if (!frame.cancelled) {
      frame.cancelled = true;
      orders.add(new Cancel(frame.seq));
    }
  }

  private void fill(List<Order> orders) {
    boolean room =
        inFlight.size() < MAX_IN_FLIGHT
            && inFlight.stream()
                .allMatch(frame -> frame.cancelled || frame.leftMillis <= LEAD_MILLIS);
    if (waiting.isPresent() && room) {
      inFlight.add(new Frame(waiting.get().seq()));
      orders.add(waiting.get());
      waiting = Optional.empty();
    }
  }
}
