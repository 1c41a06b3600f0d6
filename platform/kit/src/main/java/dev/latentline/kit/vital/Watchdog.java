package dev.latentline.kit.vital;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * Ends this process when something {@link Vital} hangs for good, a call of native code that never
 * returns, say. Whoever has started it starts a new one when it ends, and not all look at its
 * health; what it had at hand is made again, as after any crash.
 */
@ApplicationScoped
class Watchdog {
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final Logger LOG = Logger.getLogger(Watchdog.class);
  private static final long EVERY_SECONDS = 10;
  private static final int SOFTWARE_ERROR = 70;

  private final Iterable<Vital> vitals;
  private final LongSupplier nanos;
  private final Runnable halt;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread watchdog = new Thread(task, "watchdog");
            watchdog.setDaemon(true);
            return watchdog;
          });

  /** Since when something hangs. */
  private OptionalLong since = OptionalLong.empty();

  @Inject
  Watchdog(@Any Instance<Vital> vitals) {
    // an orderly shutdown would wait for what hangs
    this(vitals, System::nanoTime, () -> Runtime.getRuntime().halt(SOFTWARE_ERROR));
  }

  Watchdog(Iterable<Vital> vitals, LongSupplier nanos, Runnable halt) {
    this.vitals = vitals;
    this.nanos = nanos;
    this.halt = halt;
  }

  void start(@Observes StartupEvent event) {
    thread.scheduleWithFixedDelay(this::look, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
  }

  void look() {
    List<String> hanging = new ArrayList<>();
    for (Vital each : vitals) {
      if (each.hangs()) {
        hanging.add(each.name());
      }
    }
    if (hanging.isEmpty()) {
      since = OptionalLong.empty();
    } else if (since.isEmpty()) {
      since = OptionalLong.of(nanos.getAsLong());
      LOG.errorf(
          "%s: nothing goes on; this process ends in %d s unless that changes",
          String.join(", ", hanging), PATIENCE.toSeconds());
    } else if (nanos.getAsLong() - since.getAsLong() >= PATIENCE.toNanos()) {
      LOG.fatalf("%s: nothing goes on; this process ends", String.join(", ", hanging));
      halt.run();
    }
  }

  void stop(@Observes ShutdownEvent event) {
    thread.shutdownNow();
  }
}
