package dev.latentline.gateway.webhook;

import static dev.latentline.gateway.webhook.WebhookScheduleTest.TABLE;
import static dev.latentline.gateway.webhook.WebhookScheduleTest.pause;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class WebhookSchedulePropertyTest {
  @Property
  void aPauseIsAtMostAFifthFromTheTable(
      @ForAll String webhookId, @ForAll @IntRange(min = 1, max = 9) int attempts) {
    Duration pause = pause(webhookId, attempts);

    double part = pause.toMillis() / (double) TABLE.get(attempts - 1).toMillis();
    assertThat(part).isBetween(0.8, 1.2);
    assertThat(pause(webhookId, attempts)).isEqualTo(pause);
  }

  @Property
  void whatTheReceiverAsksForIsHeardBetweenThePlanAndTwiceThat(
      @ForAll String webhookId,
      @ForAll @IntRange(min = 1, max = 9) int attempts,
      @ForAll @LongRange(min = 0, max = 999_999_999) long askedSeconds) {
    Duration planned = pause(webhookId, attempts);
    Duration asked = Duration.ofSeconds(askedSeconds);

    Duration pause =
        WebhookSchedule.pauseAfter(webhookId, attempts, Optional.of(asked)).orElseThrow();

    assertThat(pause).isBetween(planned, planned.multipliedBy(2));
    if (asked.compareTo(planned) >= 0 && asked.compareTo(planned.multipliedBy(2)) <= 0) {
      assertThat(pause).isEqualTo(asked);
    }
  }
}
