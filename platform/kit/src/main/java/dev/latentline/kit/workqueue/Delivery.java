package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Limits;
import dev.latentline.kit.failure.SafeTrace;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;

/**
 * One record from its acquisition to its acknowledgement: has it worked at, renews the lease
 * meanwhile, and says what became of it. Lives on its slot's thread, but for {@link #end} and
 * {@link #left}.
 */
final class Delivery {
  private static final Logger LOG = Logger.getLogger(Delivery.class);

  private final QueueSettings queue;
  private final StageWork work;
  private final CountDownLatch closing;
  private final KafkaShareConsumer<byte[], byte[]> consumer;
  private final HeldLease lease;
  private final Map<String, String> headers;
  private final int attempt;
  private ConsumerRecord<byte[], byte[]> record;
  private long renewAt;
  private int fruitless;
  private boolean dropped;
  private boolean stalled;
  private volatile boolean left;

  /**
   * @param consumer which has the record, acquired just now
   * @param closing open as long as the slot is
   */
  Delivery(
      QueueSettings queue,
      StageWork work,
      KafkaShareConsumer<byte[], byte[]> consumer,
      CountDownLatch closing,
      ConsumerRecord<byte[], byte[]> record) {
    this.queue = queue;
    this.work = work;
    this.consumer = consumer;
    this.closing = closing;
    this.record = record;
    this.lease = new HeldLease(queue.stallLimit());
    this.headers = QueueRecord.headers(record);
    this.attempt = QueueRecord.attempt(record, headers);
    this.fruitless = attempt;
    this.renewAt = System.nanoTime() + renewalNanos();
  }

  /** This replica shuts down. From any thread. */
  void end() {
    lease.end();
  }

  /**
   * Whether the slot has left its group because the work does not end although it was told to. From
   * any thread.
   */
  boolean left() {
    return left;
  }

  /**
   * @param agedNanos how long ago the lease may have begun at most
   */
  void work(long agedNanos) {
    if (agedNanos >= renewalNanos() && !stillMine()) {
      return;
    }
    if (!open()) {
      handOn(attempt - 1);
      return;
    }
    WorkItem item;
    try {
      item = QueueRecord.toItem(record, headers, lease);
    } catch (Failure.Rejected unreadable) {
      giveUp(unreadable, attempt);
      return;
    }
    if (unwanted(item)) {
      acknowledge(AcknowledgeType.ACCEPT);
      return;
    }
    if (nearBackstop()) {
      handOn(attempt - 1);
      return;
    }
    if (attempt > 1) {
      countAttempts(item);
    }
    Throwable failure = null;
    if (!lease.lost()) {
      if (fruitless > queue.maxAttempts()) {
        giveUp(
            new Failure.Rejected(
                "attempts_exhausted",
                "the " + queue.stage().id() + " did not survive " + (fruitless - 1) + " attempts"),
            attempt - 1);
        return;
      }
      WorkItem current = fruitless == queue.maxAttempts() ? item.onLastAttempt() : item;
      failure = waitedOut(current, () -> work.stage().apply(current));
      if (!lease.lost() && isFailedAttempt(failure)) {
        askIfThisWasTheLast(item);
      }
    }
    finish(item, failure);
  }

  private static boolean isFailedAttempt(Throwable failure) {
    return failure != null
        && !(failure instanceof HandOverException)
        && !(failure instanceof Failure.Rejected);
  }

  /** Of any other failed attempt the next one asks. */
  private void askIfThisWasTheLast(WorkItem item) {
    if (fruitless >= queue.maxAttempts()) {
      countAttempts(item);
    }
  }

  /** An answer may take its time in the store, so this thread renews the lease meanwhile. */
  private void countAttempts(WorkItem item) {
    AtomicInteger answer = new AtomicInteger(fruitless);
    Throwable failure =
        waitedOut(
            item,
            () ->
                CompletableFuture.runAsync(
                    () -> answer.set(work.attempts().fruitless(item)),
                    question -> new Thread(question, queue.topic() + "-attempts").start()));
    fruitless = answer.get();
    if (failure != null) {
      LOG.warnf(
          "generation=%s queue=%s key=%s attempt=%d: how far the work came is unknown: %s",
          item.generationId(), queue.topic(), item.key(), attempt, SafeTrace.of(failure));
    }
  }

  /**
   * The consumer may have fetched one record ahead, and this one has waited while the one before it
   * was worked at: its lease may have lapsed, and then another worker has it.
   */
  private boolean stillMine() {
    renew();
    if (record == null) {
      LOG.infof("queue=%s a record's lease lapsed before it was begun", queue.topic());
    }
    return record != null;
  }

  private boolean open() {
    return closing.getCount() > 0;
  }

  private long renewalNanos() {
    return queue.lock().toNanos() / 3;
  }

  private boolean unwanted(WorkItem item) {
    if (work.cancelled().test(item.generationId())) {
      LOG.infof("generation=%s queue=%s dropped: cancelled", item.generationId(), queue.topic());
      return true;
    }
    if (work.clock().instant().isAfter(item.deadline().plus(Limits.CLOCK_SKEW))) {
      LOG.infof(
          "generation=%s queue=%s dropped: past its deadline", item.generationId(), queue.topic());
      return true;
    }
    return false;
  }

  /**
   * Has something done for the item, anew after each outage of something that all work needs: that
   * is waited out, and no attempt.
   *
   * @return the failure of what was done, or null
   */
  private Throwable waitedOut(WorkItem item, Supplier<CompletableFuture<Void>> call) {
    Duration pause = Backoff.FIRST;
    while (true) {
      lease.progress(queue.stallLimit());
      Throwable failure = await(item, call.get());
      lease.forget();
      if (lease.lost() || !(failure instanceof Failure known && known.isOutage())) {
        return failure;
      }
      LOG.warnf(
          "generation=%s queue=%s key=%s waits %d ms: %s: %s",
          item.generationId(),
          queue.topic(),
          item.key(),
          pause.toMillis(),
          known.code(),
          known.getMessage());
      lease.progress(queue.stallLimit());
      CompletableFuture<Void> paused =
          new CompletableFuture<Void>()
              .completeOnTimeout(null, pause.toMillis(), TimeUnit.MILLISECONDS);
      lease.onLost(() -> paused.complete(null));
      await(item, paused);
      lease.forget();
      // a pause may be too short to have been asked meanwhile
      if (!lease.lost() && unwanted(item)) {
        dropped = true;
        lease.lose();
      }
      if (!open()) {
        lease.lose();
      }
      if (lease.lost()) {
        return failure;
      }
      pause = Backoff.after(pause);
    }
  }

  private void finish(WorkItem item, Throwable failure) {
    if (dropped && record != null) {
      acknowledge(AcknowledgeType.ACCEPT);
      return;
    }
    if (lease.lost() && !open() && record != null) {
      handOn(stalled ? attempt : attempt - 1);
    } else if (stalled && record != null && stillMine()) {
      askIfThisWasTheLast(item);
      if (record != null) {
        settle(
            item,
            new Failure.Retryable(
                "work_stalled", "the " + queue.stage().id() + " did not come to an end"));
      }
    } else if (lease.lost()) {
      LOG.warnf(
          "generation=%s queue=%s key=%s: the lease is lost, another worker has the record",
          item.generationId(), queue.topic(), item.key());
    } else {
      settle(item, failure);
    }
  }

  private void settle(WorkItem item, Throwable failure) {
    if (failure == null) {
      acknowledge(AcknowledgeType.ACCEPT);
    } else if (failure instanceof HandOverException) {
      handOn(attempt - 1);
    } else if (failure instanceof Failure.Rejected rejected) {
      giveUp(rejected, attempt);
    } else if (fruitless >= queue.maxAttempts()) {
      giveUp(asFailure(failure), attempt);
    } else {
      LOG.warnf(
          "generation=%s queue=%s key=%s attempt=%d failed and is tried again: %s",
          item.generationId(), queue.topic(), item.key(), attempt, SafeTrace.of(failure));
      Backoff.pause(closing, Backoff.FIRST.multipliedBy(Math.max(1, fruitless)));
      release();
    }
  }

  /**
   * The failure of the work, or null. Renews the lease meanwhile, for as long as the work is wanted
   * and goes on; on shutdown the work gets its grace.
   */
  private Throwable await(WorkItem item, CompletableFuture<Void> work) {
    long tick = Math.min(TimeUnit.NANOSECONDS.toMillis(renewalNanos()), 250);
    long graceEnds = Long.MAX_VALUE;
    long overdue = Long.MAX_VALUE;
    while (true) {
      try {
        work.get(tick, TimeUnit.MILLISECONDS);
        return null;
      } catch (TimeoutException stillWorking) {
        long now = System.nanoTime();
        if (!lease.lost()) {
          keep(item, now);
        } else {
          overdue = Math.min(overdue, now + queue.lock().toNanos());
          if (now - overdue >= 0) {
            leave(item);
          }
        }
        if (!open()) {
          lease.end();
          graceEnds = Math.min(graceEnds, now + queue.shutdownGrace().toNanos());
          if (now - graceEnds >= 0) {
            lease.lose();
            return null;
          }
        }
      } catch (ExecutionException e) {
        return e.getCause();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        lease.lose();
        return e;
      }
    }
  }

  /** Renews the lease when it is time, or stops the work. */
  private void keep(WorkItem item, long now) {
    if (unwanted(item)) {
      dropped = true;
      lease.lose();
    } else if (lease.hangs()) {
      LOG.errorf(
          "generation=%s queue=%s key=%s hangs: nothing is heard of it any more",
          item.generationId(), queue.topic(), item.key());
      stalled = true;
      lease.lose();
    } else if (now - renewAt >= 0) {
      renew();
    }
  }

  /**
   * The work does not end although it was told to: the slot leaves the group, and a new member
   * comes when the work has ended.
   */
  private void leave(WorkItem item) {
    if (consumer.subscription().isEmpty()) {
      return;
    }
    LOG.errorf(
        "generation=%s queue=%s key=%s does not end: the slot takes no records until it does",
        item.generationId(), queue.topic(), item.key());
    left = true;
    record = null;
    consumer.unsubscribe();
  }

  /** A renewed record can only be acknowledged again once a poll has handed it back (KIP-1222). */
  private void renew() {
    try {
      consumer.acknowledge(record, AcknowledgeType.RENEW);
      if (refused(commit())) {
        lose();
        return;
      }
      long until = System.nanoTime() + queue.lock().toNanos() / 2;
      while (System.nanoTime() - until < 0) {
        for (ConsumerRecord<byte[], byte[]> again : consumer.poll(Duration.ofMillis(100))) {
          if (again.partition() == record.partition() && again.offset() == record.offset()) {
            record = again;
            renewAt = System.nanoTime() + renewalNanos();
            return;
          }
        }
      }
      lose();
    } catch (KafkaException | IllegalStateException e) {
      LOG.warnf("queue=%s a lease could not be renewed: %s", queue.topic(), e.toString());
      lose();
    }
  }

  private void lose() {
    record = null;
    lease.lose();
  }

  private void acknowledge(AcknowledgeType type) {
    consumer.acknowledge(record, type);
    if (refused(commit())) {
      LOG.warnf(
          "queue=%s offset=%d: the acknowledgement came after the lease had lapsed",
          queue.topic(), record.offset());
    }
  }

  /**
   * What broke the slot's poll off too late for it breaks this off, which is on its way by then.
   */
  private Map<TopicIdPartition, Optional<KafkaException>> commit() {
    try {
      return consumer.commitSync();
    } catch (WakeupException closing) {
      return consumer.commitSync();
    }
  }

  private boolean refused(Map<TopicIdPartition, Optional<KafkaException>> outcome) {
    return outcome.values().stream().anyMatch(Optional::isPresent);
  }

  /**
   * Lets another worker have it; near the broker's backstop as a new record, which it cannot drop.
   */
  private void release() {
    if (nearBackstop()) {
      work.sink().handOn(record, attempt);
      acknowledge(AcknowledgeType.ACCEPT);
    } else {
      acknowledge(AcknowledgeType.RELEASE);
    }
  }

  /** A worker that is killed each time releases nothing: what it leaves behind is found here. */
  private boolean nearBackstop() {
    return QueueRecord.deliveries(record) >= QueueSettings.DELIVERY_COUNT_LIMIT - 2;
  }

  /** A release would count as an attempt. */
  private void handOn(int attempts) {
    // work may hand on often, to find out whether another replica is idle
    LOG.debugf(
        "generation=%s queue=%s offset=%d is handed on to another replica",
        headers.get(HeaderNames.GENERATION_ID), queue.topic(), record.offset());
    work.sink().handOn(record, attempts);
    acknowledge(AcknowledgeType.ACCEPT);
  }

  private void giveUp(Failure reason, int attempts) {
    LOG.errorf(
        "generation=%s queue=%s offset=%d attempts=%d is given up: %s: %s",
        headers.get(HeaderNames.GENERATION_ID),
        queue.topic(),
        record.offset(),
        attempts,
        reason.code(),
        reason.getMessage());
    work.sink().deadLetter(queue.stage(), record, attempts, reason);
    acknowledge(AcknowledgeType.ACCEPT);
  }

  /** The message of an exception that is no Failure may hold anything: only its kind is told. */
  private Failure asFailure(Throwable failure) {
    if (failure instanceof Failure known) {
      return known;
    }
    return new Failure.Retryable(
        "internal_error",
        "the " + queue.stage().id() + " failed: " + failure.getClass().getSimpleName(),
        failure);
  }
}
