package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WebhookScheduleTest {
  /** As documented: 5 s, 5 min, 30 min, then hours. */
  static final List<Duration> TABLE =
      List.of(
          Duration.ofSeconds(5),
          Duration.ofMinutes(5),
          Duration.ofMinutes(30),
          Duration.ofHours(2),
          Duration.ofHours(5),
          Duration.ofHours(10),
          Duration.ofHours(14),
          Duration.ofHours(20),
          Duration.ofHours(24));

  @Test
  void tenAttemptsAreMadeOverALittleMoreThanThreeDays() {
    assertThat(WebhookSchedule.maxAttempts()).isEqualTo(10);
    assertThat(WebhookSchedule.pauseAfter("evt_1", 9, Optional.empty())).isPresent();
    assertThat(WebhookSchedule.pauseAfter("evt_1", 10, Optional.empty())).isEmpty();
    assertThat(WebhookSchedule.pauseAfter("evt_1", 11, Optional.of(Duration.ofSeconds(1))))
        .isEmpty();
    assertThat(TABLE.stream().reduce(Duration.ZERO, Duration::plus))
        .isBetween(Duration.ofDays(3), Duration.ofDays(4));
  }

  @Test
  void pausesOfManyWebhooksAreSpreadOverTheWholeRange() {
    for (int attempts = 1; attempts <= TABLE.size(); attempts++) {
      int attempt = attempts;
      double planned = TABLE.get(attempts - 1).toMillis();
      List<Double> parts =
          IntStream.range(0, 1_000)
              .mapToObj(i -> pause("evt_" + i + "_succeeded", attempt).toMillis() / planned)
              .toList();
      assertThat(parts.stream().filter(part -> part < 0.9).count()).isBetween(150L, 350L);
      assertThat(parts.stream().filter(part -> part > 1.1).count()).isBetween(150L, 350L);
    }
  }

  @Test
  void theSameWebhookIsSpreadDifferentlyFromAttemptToAttempt() {
    assertThat(
            IntStream.rangeClosed(1, 9)
                .mapToObj(i -> pause("evt_1", i).toMillis() / (double) TABLE.get(i - 1).toMillis()))
        .doesNotHaveDuplicates();
  }

  @Test
  void theBoundsOfRetryAfterAreThePlannedPauseAndTwiceThat() {
    Duration planned = pause("evt_1", 2);

    assertThat(asking(Duration.ZERO)).isEqualTo(planned);
    assertThat(asking(planned.plusMillis(1))).isEqualTo(planned.plusMillis(1));
    assertThat(asking(planned.multipliedBy(2))).isEqualTo(planned.multipliedBy(2));
    assertThat(asking(Duration.ofDays(365))).isEqualTo(planned.multipliedBy(2));
  }

  private static Duration asking(Duration retryAfter) {
    return WebhookSchedule.pauseAfter("evt_1", 2, Optional.of(retryAfter)).orElseThrow();
  }

  static Duration pause(String webhookId, int attempts) {
    return WebhookSchedule.pauseAfter(webhookId, attempts, Optional.empty()).orElseThrow();
  }
}
