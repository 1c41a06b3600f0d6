package dev.latentline.kit.workqueue;

import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Which members of a replica wait for a record. A replica of several slots has one member more than
 * slots. Member 0 waits while the replica is at nothing; the broker is to serve it before those of
 * replicas that are at work. The others wait for a further record, one at a time and only when
 * {@link Intake} wants one, so that the replica holds no more than its slots.
 *
 * <p>A member that may not wait does not poll, and who waits cannot be called back. Thread-safe.
 */
final class SlotGate {
  private static final long TICK_MILLIS = 20;

  /** A member that is closed is noticed after so long at the latest. */
  private static final long LOOK_UP_MILLIS = 250;

  private enum State {
    /** Asks for nothing. */
    AWAY,
    /** Asks, and has yet to join its group, which takes a tenth of a second. */
    OUTSIDE,
    /** Asks, and is in its group. */
    FREE,
    WAITING,
    AT_WORK
  }

  private final int slots;
  private final boolean shared;
  private final Intake intake;
  private final State[] members;

  private SlotGate(int slots, int members, boolean shared, Intake intake) {
    this.slots = slots;
    this.shared = shared;
    this.intake = intake;
    this.members = new State[members];
    Arrays.fill(this.members, State.AWAY);
  }

  /** Of a queue whose every record any member can get. */
  static SlotGate shared(int slots, Intake intake) {
    return new SlotGate(slots, slots == 1 ? 1 : slots + 1, true, intake);
  }

  /**
   * Of a queue with several partitions, of which a member is given some: each must always take what
   * comes there, because no other would.
   */
  static SlotGate divided(int slots) {
    return new SlotGate(slots, slots, false, held -> true);
  }

  int members() {
    return members.length;
  }

  /** Whether the member competes with those of other replicas that are at nothing. */
  boolean first(int member) {
    return !shared || member == 0;
  }

  /** Whether without the member nothing would be taken now. */
  synchronized boolean needs(int member) {
    return !shared || (member == 0 && count(State.AT_WORK) == 0);
  }

  /**
   * Returns true when the member, which is free, is to wait for a record from now on; false when it
   * is closed.
   */
  synchronized boolean await(int member, BooleanSupplier open) {
    members[member] = members[member] == State.AWAY ? State.OUTSIDE : State.FREE;
    // with one less at work it may be another's turn
    notifyAll();
    while (open.getAsBoolean()) {
      if (mayWait(member)) {
        members[member] = State.WAITING;
        return true;
      }
      try {
        wait(asksIntake(member) ? TICK_MILLIS : LOOK_UP_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  /**
   * Whether the member, which was given nothing for a whole poll, should leave its group: it is one
   * for further records, whose fetches are short and many, and there is no first one. A fetch may
   * be open, so that it cannot just stop to poll.
   */
  synchronized boolean isIdle(int member) {
    return !first(member) && count(State.AT_WORK) == 0;
  }

  /** The member has a record. */
  synchronized void took(int member) {
    members[member] = State.AT_WORK;
    notifyAll();
  }

  /** The member neither waits nor has a record; it can once it asks again. */
  synchronized void left(int member) {
    members[member] = State.AWAY;
    notifyAll();
  }

  private boolean mayWait(int member) {
    if (!shared) {
      return true;
    }
    if (member == 0) {
      return count(State.AT_WORK) == 0;
    }
    return asksIntake(member) && intake.wants(count(State.AT_WORK));
  }

  /** Whether it is only the intake's word that the member waits for, which changes unannounced. */
  private boolean asksIntake(int member) {
    int held = count(State.AT_WORK);
    return shared
        && held > 0
        && held < slots
        && count(State.WAITING) == 0
        && member != 0
        && isNext(member);
  }

  /** Only one asks whether one more is wanted, if possible one that has joined. */
  private boolean isNext(int member) {
    for (State asking : new State[] {State.FREE, State.OUTSIDE}) {
      for (int other = 1; other < members.length; other++) {
        if (members[other] == asking) {
          return other == member;
        }
      }
    }
    return false;
  }

  private int count(State state) {
    int count = 0;
    for (State each : members) {
      if (each == state) {
        count++;
      }
    }
    return count;
  }
}
