package dev.latentline.gateway.egress;

import io.vertx.core.Vertx;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;

/** The one way out, by configuration. */
@Dependent
class EgressProducer {
  @Produces
  @Singleton
  EgressPolicy policy(EgressConfig config) {
    return new EgressPolicy(config.allowLoopback());
  }

  @Produces
  @Singleton
  AddressCheck check(Vertx vertx, EgressPolicy policy) {
    return new AddressCheck(vertx, policy);
  }

  @Produces
  @Singleton
  PinnedEgress egress(Vertx vertx, AddressCheck check, Clock clock) {
    return new PinnedEgress(vertx, check, clock);
  }

  void close(@Disposes PinnedEgress egress) {
    egress.close();
  }
}
