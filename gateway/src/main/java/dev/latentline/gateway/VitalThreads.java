package dev.latentline.gateway;

import dev.latentline.kit.vital.Vital;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Default;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.jboss.logging.Logger;

/**
 * Live: every thread that must run until the end does. One that is ended by an error leaves a
 * gateway that answers and decides nothing, which only a new process mends.
 */
@Default
@Liveness
@ApplicationScoped
public class VitalThreads implements HealthCheck, Vital {
  private static final Logger LOG = Logger.getLogger(VitalThreads.class);

  private final Set<Thread> running = ConcurrentHashMap.newKeySet();

  /** Starts a thread that must not end before {@link #release}. */
  public void start(Thread thread) {
    thread.setUncaughtExceptionHandler(
        (ended, error) -> LOG.errorf(error, "the thread %s has ended", ended.getName()));
    thread.start();
    running.add(thread);
  }

  /** From now on it may end. */
  public void release(Thread thread) {
    running.remove(thread);
  }

  @Override
  public String name() {
    return "threads";
  }

  @Override
  public boolean hangs() {
    return !running.stream().allMatch(Thread::isAlive);
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder answer = HealthCheckResponse.named("threads");
    running.forEach(thread -> answer.withData(thread.getName(), thread.isAlive()));
    return answer.status(!hangs()).build();
  }
}
