package dev.latentline.kit.workqueue;

import dev.latentline.kit.topics.StartGate;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready: the topics are there, and every slot is a member of its share group and takes records. */
@Readiness
@ApplicationScoped
class WorkQueueHealth implements HealthCheck {
  private final StartGate gate;
  private final ShareConnector connector;

  WorkQueueHealth(
      StartGate gate,
      @org.eclipse.microprofile.reactive.messaging.spi.Connector("latentline-share")
          ShareConnector connector) {
    this.gate = gate;
    this.connector = connector;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("work")
        .status(gate.isOpen() && connector.polling())
        .withData("open", gate.isOpen())
        .build();
  }
}
