package dev.latentline.gateway.webhook;

import dev.latentline.contract.Failure;
import dev.latentline.gateway.VitalThreads;
import dev.latentline.gateway.egress.Egress;
import dev.latentline.gateway.egress.EgressResult;
import dev.latentline.proto.v1.WebhookAttempt;
import dev.latentline.proto.v1.WebhookDelivery;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Calls receivers when they are due. What an attempt came to is written to webhook.delivery before
 * the next one, so that another gateway goes on where this one died; between the call and that
 * record a death repeats the attempt, under the same id. What is sent is read from there each time:
 * as long as a receiver is down, memory holds when it is called and no more.
 */
@ApplicationScoped
class WebhookDeliverer {
  private static final Logger LOG = Logger.getLogger(WebhookDeliverer.class);
  private static final long TICK_MILLIS = 100;
  private static final int MAX_CALLS = 64;
  private static final int MAX_CALLS_PER_HOST = 4;

  /** However many of one tenant's receivers are silent, the others' are called. */
  private static final int MAX_CALLS_PER_TENANT = 48;

  private static final int GONE = 410;
  private static final Duration WRITE_RETRY = Duration.ofSeconds(5);

  /** When what is in the way is here, and not with the receiver. */
  private static final Duration BUSY_RETRY = Duration.ofSeconds(2);

  private final Egress egress;
  private final WebhookSecrets secrets;
  private final DeliveryLog log;
  private final Clock clock;
  private final VitalThreads threads;
  private final Thread thread = new Thread(this::loop, "webhooks");

  /** Writing waits for the broker; it must not hold up the calls. */
  private final ExecutorService writer;

  private final Map<String, PendingDelivery> pending = new LinkedHashMap<>();
  private final Map<String, Integer> callsPerHost = new HashMap<>();
  private final Map<String, Integer> callsPerTenant = new HashMap<>();

  /** The webhooks that are called now; they stay here when their partition goes and comes back. */
  private final Set<String> calling = new HashSet<>();

  /** What calls came to, where the broker did not take it: written again, without a call. */
  private final List<Outcome> unwritten = new ArrayList<>();

  /** The partitions whose log is not read to the end yet, with the offset of that end. */
  private final Map<Integer, Long> unread = new HashMap<>();

  private final CountDownLatch closed = new CountDownLatch(1);
  private boolean changed;
  private boolean closing;

  /** A call that has its place: it is in calling and counts for its host and its tenant. */
  private record Due(String webhookId, String host, String tenant, int partition, long offset) {}

  /**
   * What a call came to.
   *
   * @param after the delivery with the attempt, due again; empty when it is finished
   * @param writeAtMs not before
   */
  private record Outcome(
      Due due, WebhookDelivery before, Optional<WebhookDelivery> after, long writeAtMs) {}

  @Inject
  WebhookDeliverer(
      Egress egress, WebhookSecrets secrets, DeliveryLog log, Clock clock, VitalThreads threads) {
    this(
        egress,
        secrets,
        log,
        clock,
        Executors.newFixedThreadPool(2, task -> new Thread(task, "webhook-log")),
        threads);
  }

  /** For tests: what is due is called by {@link #callDue}, not by a thread. */
  WebhookDeliverer(
      Egress egress, WebhookSecrets secrets, DeliveryLog log, Clock clock, ExecutorService writer) {
    this(egress, secrets, log, clock, writer, new VitalThreads());
  }

  private WebhookDeliverer(
      Egress egress,
      WebhookSecrets secrets,
      DeliveryLog log,
      Clock clock,
      ExecutorService writer,
      VitalThreads threads) {
    this.egress = egress;
    this.secrets = secrets;
    this.log = log;
    this.clock = clock;
    this.writer = writer;
    this.threads = threads;
  }

  void start(@Observes @Priority(3100) StartupEvent event) {
    threads.start(thread);
  }

  /**
   * Calls nothing of a partition until its log is read up to an offset: a delivery's last record,
   * which says that it was delivered or when it is due, stands far behind its first.
   */
  synchronized void holdUntil(int partition, long offset) {
    unread.put(partition, offset);
  }

  /** Everything before the offset is read. */
  synchronized void readUpTo(int partition, long offset) {
    if (unread.containsKey(partition) && unread.get(partition) <= offset) {
      unread.remove(partition);
      changed = true;
      notifyAll();
    }
  }

  /**
   * Takes what the log says of a delivery; what is known here may be newer already.
   *
   * @param offset where it says so
   * @throws IllegalArgumentException when its URL is none
   */
  synchronized void take(WebhookDelivery delivery, int partition, long offset) {
    PendingDelivery known = pending.get(delivery.getWebhookId());
    if (known == null) {
      pending.put(delivery.getWebhookId(), new PendingDelivery(partition, delivery, offset));
    } else {
      known.read(delivery, offset);
    }
    changed = true;
    notifyAll();
  }

  synchronized void finished(String webhookId) {
    pending.remove(webhookId);
  }

  /** Another gateway delivers them now. */
  synchronized void dropPartition(int partition) {
    pending.values().removeIf(one -> one.partition == partition);
    unread.remove(partition);
  }

  private void loop() {
    while (awaitChange()) {
      try {
        writeDue();
        callDue();
      } catch (RuntimeException e) {
        LOG.error("calling receivers failed and is tried again", e);
        pause();
      }
    }
  }

  private void pause() {
    try {
      closed.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Begins the calls that are due and within the limits. */
  void callDue() {
    takeDue(clock.millis()).forEach(due -> writer.execute(() -> call(due)));
  }

  /** Writes again what the broker did not take. */
  void writeDue() {
    List<Outcome> due;
    synchronized (this) {
      long nowMs = clock.millis();
      due = unwritten.stream().filter(outcome -> outcome.writeAtMs() <= nowMs).toList();
      unwritten.removeAll(due);
    }
    due.forEach(outcome -> writer.execute(() -> write(outcome)));
  }

  private synchronized boolean awaitChange() {
    try {
      if (!changed && !closing) {
        wait(TICK_MILLIS);
      }
      changed = false;
      return !closing;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private synchronized List<Due> takeDue(long nowMs) {
    List<Due> due = new ArrayList<>();
    for (Map.Entry<String, PendingDelivery> entry : pending.entrySet()) {
      if (calling.size() == MAX_CALLS) {
        break;
      }
      PendingDelivery one = entry.getValue();
      if (!calling.contains(entry.getKey())
          && !unread.containsKey(one.partition)
          && one.isDue(nowMs)
          && callsPerHost.getOrDefault(one.host, 0) < MAX_CALLS_PER_HOST
          && callsPerTenant.getOrDefault(one.tenant, 0) < MAX_CALLS_PER_TENANT) {
        calling.add(entry.getKey());
        callsPerHost.merge(one.host, 1, Integer::sum);
        callsPerTenant.merge(one.tenant, 1, Integer::sum);
        due.add(new Due(entry.getKey(), one.host, one.tenant, one.partition, one.offset()));
      }
    }
    return due;
  }

  private void call(Due due) {
    try {
      Optional<WebhookDelivery> delivery = log.read(due.webhookId(), due.partition(), due.offset());
      if (delivery.isEmpty()) {
        replaced(due);
      } else if (isPending(due.webhookId())) {
        call(due, delivery.get());
      } else {
        // another gateway has taken it over meanwhile, or has delivered it
        later(due, Duration.ZERO);
      }
    } catch (Failure.Retryable e) {
      LOG.warnf("webhook=%s waits: %s", due.webhookId(), e.toString());
      later(due, WRITE_RETRY);
    } catch (RuntimeException e) {
      unrecorded(due, e);
    }
  }

  private void call(Due due, WebhookDelivery delivery) {
    long nowMs = clock.millis();
    long timestamp = TimeUnit.MILLISECONDS.toSeconds(nowMs);
    byte[] body = delivery.getBody().toByteArray();
    byte[] key = secrets.keyFor(delivery.getTenant(), delivery.getEndpoint());
    Map<String, String> headers =
        Map.of(
            "content-type",
            "application/json",
            "webhook-id",
            delivery.getWebhookId(),
            "webhook-timestamp",
            Long.toString(timestamp),
            "webhook-signature",
            WebhookSigner.sign(key, delivery.getWebhookId(), timestamp, body));
    egress
        .post(URI.create(delivery.getUrl()), headers, body)
        .thenAcceptAsync(result -> ended(due, delivery, nowMs, result), writer)
        .exceptionally(
            failure -> {
              unrecorded(due, failure);
              return null;
            });
  }

  private void unrecorded(Due due, Throwable failure) {
    LOG.errorf(failure, "webhook=%s was not recorded", due.webhookId());
    later(due, WRITE_RETRY);
  }

  private void ended(Due due, WebhookDelivery delivery, long atMs, EgressResult result) {
    if (!result.attempted()) {
      LOG.warnf("webhook=%s waits: %s", delivery.getWebhookId(), result.error());
      later(due, BUSY_RETRY);
      return;
    }
    WebhookDelivery after = after(delivery, atMs, result);
    Optional<Duration> pause =
        result.delivered() || result.status() == GONE
            ? Optional.empty()
            : WebhookSchedule.pauseAfter(
                delivery.getWebhookId(), after.getAttemptsCount(), result.retryAfter());
    LOG.infof(
        "generation=%s webhook=%s attempt=%d status=%d error=%s %s",
        delivery.getGenerationId(),
        delivery.getWebhookId(),
        after.getAttemptsCount(),
        result.status(),
        result.error(),
        result.delivered()
            ? "delivered"
            : pause.map(time -> "again in " + time).orElse("is given up"));
    long nowMs = clock.millis();
    write(
        new Outcome(
            due,
            delivery,
            pause.map(time -> after.toBuilder().setNextDueMs(nowMs + time.toMillis()).build()),
            nowMs));
  }

  private void write(Outcome outcome) {
    WebhookDelivery before = outcome.before();
    try {
      if (outcome.after().isEmpty()) {
        log.finish(before, outcome.due().partition());
        finished(before.getWebhookId());
      } else if (isPending(before.getWebhookId())) {
        // otherwise another gateway delivers it now, and may have done so: it must not come back
        log.advance(outcome.after().get(), outcome.due().partition());
      }
      release(outcome.due(), outcome.after().orElse(before));
    } catch (Failure.Retryable e) {
      LOG.warnf("webhook=%s is not recorded yet: %s", before.getWebhookId(), e.toString());
      synchronized (this) {
        long laterMs = clock.millis() + WRITE_RETRY.toMillis();
        unwritten.add(new Outcome(outcome.due(), before, outcome.after(), laterMs));
      }
    }
  }

  private synchronized boolean isPending(String webhookId) {
    return pending.containsKey(webhookId);
  }

  /** Nothing was tried: what the log says of it is still so. */
  private synchronized void later(Due due, Duration pause) {
    long dueMs = clock.millis() + pause.toMillis();
    leave(due);
    Optional.ofNullable(pending.get(due.webhookId())).ifPresent(one -> one.notBefore(dueMs));
  }

  private synchronized void replaced(Due due) {
    Optional.ofNullable(pending.get(due.webhookId())).ifPresent(one -> one.replaced(due.offset()));
    later(due, WRITE_RETRY);
  }

  private synchronized void release(Due due, WebhookDelivery after) {
    leave(due);
    Optional.ofNullable(pending.get(due.webhookId())).ifPresent(one -> one.wrote(after));
  }

  /** It is called no longer. */
  private void leave(Due due) {
    calling.remove(due.webhookId());
    callsPerHost.computeIfPresent(due.host(), (host, count) -> count == 1 ? null : count - 1);
    callsPerTenant.computeIfPresent(due.tenant(), (name, count) -> count == 1 ? null : count - 1);
    changed = true;
    notifyAll();
  }

  private static WebhookDelivery after(WebhookDelivery before, long atMs, EgressResult result) {
    return before.toBuilder()
        .addAttempts(
            WebhookAttempt.newBuilder()
                .setAtMs(atMs)
                .setStatus(result.status())
                .setDurationMs((int) result.duration().toMillis())
                .setError(result.error()))
        .build();
  }

  void stop(@Observes @Priority(2) ShutdownEvent event) throws InterruptedException {
    threads.release(thread);
    closed.countDown();
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    thread.join(1_000);
    writer.shutdown();
    writer.awaitTermination(1, TimeUnit.SECONDS);
  }
}
