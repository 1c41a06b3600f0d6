package dev.latentline.gateway.line;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready: everything that was written before this replica started is read. */
@Readiness
@ApplicationScoped
class LineHealth implements HealthCheck {
  private final Line line;

  LineHealth(Line line) {
    this.line = line;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("line").status(line.caughtUp()).build();
  }
}
