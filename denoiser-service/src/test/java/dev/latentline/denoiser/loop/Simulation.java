package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.BatchSizes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/**
 * Replicas in virtual time: a queue in front, tasks that arrive by chance, the real scheduler and
 * the real rule for giving tasks away. A unit of time is a step of a picture alone; it is a tenth
 * of a second for what counts in seconds.
 */
final class Simulation {
  private static final double SECONDS_PER_UNIT = 0.1;
  private static final long NANOS_PER_UNIT = (long) (SECONDS_PER_UNIT * 1e9);

  /** Half of the pictures have 4 steps, 30 % 20 and the others 50. */
  private static final double MEAN_STEPS = 0.5 * 4 + 0.3 * 20 + 0.2 * 50;

  private final Deque<Task> queue = new ArrayDeque<>();
  private final List<Replica> replicas = new ArrayList<>();
  private final List<Task> done = new ArrayList<>();
  private final IntToDoubleFunction stepUnits;
  private long given;

  /** A task, and when it ended. */
  static final class Task implements GiveAway.Held {
    final int number;
    final int steps;
    final double arrived;
    double ended;
    private int left;

    Task(int number, double arrived, int steps) {
      this.number = number;
      this.arrived = arrived;
      this.steps = steps;
      this.left = steps;
    }

    double latency() {
      return ended - arrived;
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
    public double remaining() {
      return left * SECONDS_PER_UNIT;
    }

    @Override
    public long accepted() {
      return number;
    }

    @Override
    public String key() {
      return Integer.toString(number);
    }

    @Override
    public boolean movable() {
      return true;
    }

    @Override
    public boolean overdue() {
      return false;
    }
  }

  private final class Replica {
    private final TurnScheduler scheduler;
    private final GiveAway giveAway;
    private final int slots;
    private final List<Task> held = new ArrayList<>();
    private List<Task> turn = List.of();
    private double freeAt;

    Replica(BatchSizes sizes, int slots) {
      this.scheduler = new TurnScheduler(sizes);
      this.giveAway = new GiveAway(slots);
      this.slots = slots;
    }

    void endTurn() {
      for (Task task : turn) {
        if (--task.left == 0) {
          task.ended = freeAt;
          held.remove(task);
          done.add(task);
        }
      }
      turn = List.of();
      giveAway
          .next(held, (long) (freeAt * NANOS_PER_UNIT))
          .ifPresent(
              task -> {
                held.remove(task);
                queue.add(task);
                given++;
              });
    }

    boolean take() {
      if (queue.isEmpty() || held.size() >= slots) {
        return false;
      }
      Task task = queue.poll();
      giveAway.came(task.key());
      held.add(task);
      return true;
    }

    void beginTurn(double now) {
      turn = scheduler.next(held);
      if (!turn.isEmpty()) {
        freeAt = now + stepUnits.applyAsDouble(turn.size());
      }
    }
  }

  /**
   * @param stepUnits the time of a step of so many pictures together
   */
  Simulation(int replicas, int slots, BatchSizes sizes, IntToDoubleFunction stepUnits) {
    this.stepUnits = stepUnits;
    for (int i = 0; i < replicas; i++) {
      this.replicas.add(new Replica(sizes, slots));
    }
  }

  /** Pictures whose steps come to load of what one replica can do without batches. */
  static List<Task> arrivals(int count, double load, long seed) {
    Random random = new Random(seed);
    List<Task> tasks = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < count; i++) {
      time += -Math.log(1 - random.nextDouble()) * MEAN_STEPS / load;
      double kind = random.nextDouble();
      tasks.add(new Task(i, time, kind < 0.5 ? 4 : kind < 0.8 ? 20 : 50));
    }
    return tasks;
  }

  /** What became of the tasks, in the order in which they ended. */
  List<Task> run(List<Task> arriving) {
    Deque<Task> coming = new ArrayDeque<>(arriving);
    double now = 0;
    while (done.size() < arriving.size()) {
      while (!coming.isEmpty() && coming.peek().arrived <= now) {
        queue.add(coming.poll());
      }
      for (Replica replica : replicas) {
        if (!replica.turn.isEmpty() && replica.freeAt <= now) {
          replica.endTurn();
        }
      }
      hand();
      for (Replica replica : replicas) {
        if (replica.turn.isEmpty()) {
          replica.beginTurn(now);
        }
      }
      double next = coming.isEmpty() ? Double.POSITIVE_INFINITY : coming.peek().arrived;
      for (Replica replica : replicas) {
        if (!replica.turn.isEmpty()) {
          next = Math.min(next, replica.freeAt);
        }
      }
      now = Math.max(now, next);
    }
    return done;
  }

  /** Idle replicas come first, as at the broker. */
  private void hand() {
    for (Replica replica : replicas) {
      if (replica.held.isEmpty()) {
        replica.take();
      }
    }
    boolean taken = true;
    while (taken) {
      taken = false;
      for (Replica replica : replicas) {
        taken |= replica.take();
      }
    }
  }

  /** How often a task was handed on. */
  long given() {
    return given;
  }

  /** First in, first out, one picture after the other. */
  static List<Task> fifo(List<Task> arriving) {
    double free = 0;
    for (Task task : arriving) {
      free = Math.max(free, task.arrived) + task.steps;
      task.ended = free;
    }
    return arriving;
  }
}
