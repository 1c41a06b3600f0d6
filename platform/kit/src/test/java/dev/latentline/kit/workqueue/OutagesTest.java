package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OutagesTest {
  private final HeldLease lease = new HeldLease(Duration.ofMinutes(1));
  private final AtomicInteger calls = new AtomicInteger();

  private final WorkItem item =
      new WorkItem("key", new byte[0], Map.of(), "gen_1", 1, false, Instant.MAX, lease);

  private static Failure outage() {
    return new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away");
  }

  @Test
  void onlyThePartIsDoneAgain() {
    Outages.waitOut(
        item,
        () -> {
          if (calls.incrementAndGet() == 1) {
            throw outage();
          }
        });

    assertThat(calls).hasValue(2);
  }

  @Test
  void howLongTheWorkMayBeQuietOtherwiseDoesNotMatter() {
    lease.progress(Duration.ZERO);

    Outages.waitOut(
        item,
        () -> {
          assertThat(lease.hangs()).isFalse();
          if (calls.incrementAndGet() == 1) {
            throw outage();
          }
        });

    assertThat(calls).hasValue(2);
    assertThat(lease.hangs()).isFalse();
  }

  @Test
  void whatThePartReturnsIsReturned() {
    assertThat(Outages.<Integer>waitOut(item, calls::incrementAndGet)).isEqualTo(1);
  }

  @Test
  void whoHasLostItsLeaseDoesNotGoOn() {
    assertEndsWhen(lease::lose);
  }

  @Test
  void whoShutsDownLeavesItToAnother() {
    assertEndsWhen(lease::end);
  }

  private void assertEndsWhen(Runnable happens) {
    assertThatThrownBy(
            () ->
                Outages.waitOut(
                    item,
                    () -> {
                      calls.incrementAndGet();
                      happens.run();
                      throw outage();
                    }))
        .isInstanceOfSatisfying(Failure.class, failure -> assertThat(failure.isOutage()).isTrue());
    assertThat(calls).hasValue(1);
  }

  @Test
  void anyOtherFailureIsNotWaitedOut() {
    assertThatThrownBy(
            () ->
                Outages.waitOut(
                    item,
                    () -> {
                      calls.incrementAndGet();
                      throw new Failure.Retryable("artifact_altered", "altered");
                    }))
        .hasMessage("altered");
    assertThat(calls).hasValue(1);
  }
}
