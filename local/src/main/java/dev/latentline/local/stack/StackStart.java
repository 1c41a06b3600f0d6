package dev.latentline.local.stack;

import dev.latentline.embedded.ChildFailedException;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.local.CliException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Starts all parts of a stack at once and watches them until all are ready, or one of them has
 * ended: the others may wait for that one, so it is the one to tell of.
 *
 * @param state the state folder, for messages
 * @param models the folders with models, for messages
 * @param stopping whether somebody ends the stack meanwhile
 */
record StackStart(
    Map<Role, Supervised> parts, Path state, List<Path> models, BooleanSupplier stopping) {
  private static final Duration AT_MOST = Duration.ofSeconds(120);

  /** Each service loads its part of every model that was imported: minutes for several GB. */
  private static final Duration AT_MOST_WITH_IMPORTED = Duration.ofMinutes(10);

  private static final long LOOK_MILLIS = 50;
  private static final int LOOKS_FOR_SIGNAL = 100;

  /** Others wait for the first ones. */
  private static final List<Role> ORDER = order();

  /** Hang-up and Ctrl-C, which reach a child too while it does not ignore them yet. */
  private static final Set<Integer> FROM_THE_TERMINAL = Set.of(128 + 1, 128 + 2);

  /**
   * Returns when all parts are ready.
   *
   * @param started called when there is a process of each
   * @throws CliException when a part cannot be started, or somebody ends the stack
   * @throws ChildFailedException when a part ends, or is not ready in time
   */
  void run(Runnable started) {
    ORDER.forEach(this::start);
    refuseIfStopping();
    started.run();
    Duration atMost = models.size() > 1 ? AT_MOST_WITH_IMPORTED : AT_MOST;
    long deadline = System.nanoTime() + atMost.toNanos();
    List<Role> open = new ArrayList<>(ORDER);
    while (true) {
      ORDER.forEach(this::refuseIfEnded);
      open.removeIf(role -> parts.get(role).isReady());
      if (open.isEmpty()) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw failed(open.get(0), "was not ready within " + atMost.toSeconds() + " s");
      }
      pause();
    }
  }

  static CliException broken() {
    return CliException.failed("stopped before everything was ready");
  }

  private void start(Role role) {
    try {
      parts.get(role).start();
    } catch (UncheckedIOException e) {
      throw CliException.failed(e.getMessage() + "\n" + advice(role));
    }
  }

  private void refuseIfStopping() {
    if (stopping.getAsBoolean()) {
      throw broken();
    }
  }

  private void refuseIfEnded(Role role) {
    refuseIfStopping();
    parts
        .get(role)
        .process()
        .exitStatus()
        .ifPresent(
            status -> {
              // the same signal is on its way to this process, which says and ends it in order
              for (int i = 0; i < LOOKS_FOR_SIGNAL && FROM_THE_TERMINAL.contains(status); i++) {
                refuseIfStopping();
                pause();
              }
              refuseIfStopping();
              throw failed(role, "ended with status " + status + " before everything was ready");
            });
  }

  private ChildFailedException failed(Role role, String what) {
    ChildProcess process = parts.get(role).process();
    return new ChildFailedException(
        role.id(), what, process.log(), process.lastLines() + "\n" + advice(role));
  }

  private String advice(Role role) {
    return "Mend what this says and start again. "
        + (role.isService()
            ? "The models are those in "
                + models.stream().map(Path::toString).collect(Collectors.joining(" and "))
                + "; LATENTLINE_MODELS names another catalogue"
            : "The data is in "
                + state
                + "; with LATENTLINE_STATE set to a new folder a stack starts without it");
  }

  private static List<Role> order() {
    List<Role> order = new ArrayList<>(List.of(Role.BROKER, Role.STORE));
    order.addAll(Role.services());
    return List.copyOf(order);
  }

  private static void pause() {
    try {
      // nobody releases it: a pause that can be interrupted
      new Semaphore(0).tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw broken();
    }
  }
}
