package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.egress.Egress;
import dev.latentline.gateway.egress.EgressResult;
import dev.latentline.gateway.secret.MasterSecret;
import dev.latentline.proto.v1.WebhookDelivery;
import dev.latentline.testkit.Patience;
import jakarta.enterprise.inject.Vetoed;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WebhookThreadTest {
  @Test
  void aRoundThatFailsIsNotTheLast() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    WebhookDeliverer deliverer =
        deliverer(
            (url, headers, body) -> {
              called.countDown();
              return new CompletableFuture<>();
            },
            new BrokenOnce());

    deliverer.start(null);
    try {
      assertThat(called.await(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } finally {
      deliverer.stop(null);
    }
  }

  @Test
  void aCallThatWasNotTriedIsNoAttemptAndIsMadeALittleLater() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch again = new CountDownLatch(1);
    WebhookDeliverer deliverer =
        deliverer(
            (url, headers, body) -> {
              if (calls.incrementAndGet() > 1) {
                again.countDown();
                return new CompletableFuture<>();
              }
              return CompletableFuture.completedFuture(
                  EgressResult.failed(EgressResult.RESOLVERS_BUSY, Duration.ZERO));
            },
            Clock.systemUTC());

    // writing an attempt would end in an error, as nothing can be written, and be tried after 5 s
    deliverer.start(null);
    try {
      assertThat(again.await(4, TimeUnit.SECONDS)).isTrue();
    } finally {
      deliverer.stop(null);
    }
  }

  private static WebhookDeliverer deliverer(Egress egress, Clock clock) {
    WebhookDeliverer deliverer =
        new WebhookDeliverer(
            egress,
            new WebhookSecrets(new MasterSecret("only-for-tests-0123456789-0123456789")),
            new OneDelivery(),
            clock,
            Executors.newSingleThreadExecutor());
    deliverer.take(OneDelivery.DELIVERY, 0, 0);
    return deliverer;
  }

  /** Nothing can be written to it. Vetoed: as in the other test. */
  @Vetoed
  private static final class OneDelivery extends DeliveryLog {
    private static final WebhookDelivery DELIVERY =
        WebhookDelivery.newBuilder()
            .setWebhookId("evt_1")
            .setTenant("tenant")
            .setEndpoint("default")
            .setUrl("https://one.example/hook")
            .build();

    OneDelivery() {
      super(null, null);
    }

    @Override
    Optional<WebhookDelivery> read(String webhookId, int partition, long offset) {
      return Optional.of(DELIVERY);
    }
  }

  /** Fails the first time that it is asked. */
  private static final class BrokenOnce extends Clock {
    private final AtomicInteger asked = new AtomicInteger();

    @Override
    public Instant instant() {
      if (asked.getAndIncrement() == 0) {
        throw new IllegalStateException("the clock of this test is broken");
      }
      return Instant.now();
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
