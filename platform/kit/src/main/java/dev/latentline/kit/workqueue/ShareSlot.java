package dev.latentline.kit.workqueue;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Limits;
import dev.latentline.kit.failure.SafeTrace;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * One member of a share group: takes a record, has it worked at, renews the lease meanwhile, and
 * says what became of it. A share consumer allows no poll while a record is unacknowledged, so a
 * slot holds one record, and N slots are N members.
 *
 * <p>The slot's own thread is the only one that touches the consumer. It ends only by {@link
 * #close}: when the broker goes away the slot comes back with it.
 */
final class ShareSlot implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ShareSlot.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(200);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

  private final QueueSettings queue;
  private final Map<String, Object> client;
  private final Function<WorkItem, CompletableFuture<Void>> stage;
  private final Predicate<String> cancelled;
  private final RecordSink sink;
  private final InstantSource clock;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile boolean polling;

  /**
   * @param client bootstrap servers and security, shared with the sink
   * @param stage works at an item; its future ends with null or a failure, and it stops early when
   *     the lease is lost
   * @param cancelled whether a generation's records are to be dropped
   * @param clock what deadlines are held against
   */
  ShareSlot(
      QueueSettings queue,
      Map<String, Object> client,
      Function<WorkItem, CompletableFuture<Void>> stage,
      Predicate<String> cancelled,
      RecordSink sink,
      InstantSource clock,
      String name) {
    this.queue = queue;
    this.client = client;
    this.stage = stage;
    this.cancelled = cancelled;
    this.sink = sink;
    this.clock = clock;
    this.thread = new Thread(this::run, name);
  }

  void start() {
    thread.start();
  }

  /**
   * Whether the slot is a member of its group, as far as it knows, and not kept from taking records
   * by work that does not end although it was told to.
   */
  boolean polling() {
    return polling;
  }

  boolean open() {
    return closing.getCount() > 0;
  }

  private void run() {
    Duration backoff = FIRST_BACKOFF;
    while (open()) {
      try (Member member = new Member(consumer())) {
        KafkaShareConsumer<byte[], byte[]> consumer = member.consumer();
        consumer.subscribe(List.of(queue.topic()));
        // the consumer held no record then: what the next poll gives was acquired later
        long emptyAt = System.nanoTime();
        while (open() && !consumer.subscription().isEmpty()) {
          ConsumerRecords<byte[], byte[]> polled = consumer.poll(POLL);
          long polledAt = System.nanoTime();
          polling = true;
          for (ConsumerRecord<byte[], byte[]> record : polled) {
            new Delivery(consumer, record).work(polledAt - emptyAt);
          }
          emptyAt = polledAt;
          backoff = FIRST_BACKOFF;
        }
      } catch (KafkaException | IllegalStateException e) {
        polling = false;
        LOG.warnf(
            "queue=%s lost the broker, trying again in %d ms: %s",
            queue.topic(), backoff.toMillis(), e.toString());
        backoff = pauseAfter(backoff);
      } catch (RuntimeException | Error e) {
        polling = false;
        LOG.errorf(
            "queue=%s failed, trying again in %d ms: %s",
            queue.topic(), backoff.toMillis(), SafeTrace.of(e));
        backoff = pauseAfter(backoff);
      }
    }
    polling = false;
  }

  /** A membership that does not wait for long to be ended in order: the broker notices anyway. */
  private record Member(KafkaShareConsumer<byte[], byte[]> consumer) implements AutoCloseable {
    private static final Duration FAREWELL = Duration.ofSeconds(2);

    @Override
    public void close() {
      consumer.close(FAREWELL);
    }
  }

  private Duration pauseAfter(Duration backoff) {
    pause(backoff);
    return longer(backoff);
  }

  private static Duration longer(Duration backoff) {
    Duration doubled = backoff.multipliedBy(2);
    return doubled.compareTo(MAX_BACKOFF) > 0 ? MAX_BACKOFF : doubled;
  }

  /** Waits, at most until the slot is closed. */
  private void pause(Duration time) {
    try {
      closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private KafkaShareConsumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(client);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, queue.group());
    settings.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
    // without these one member takes the whole backlog
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    settings.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
    return new KafkaShareConsumer<>(
        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Ends the slot: the record at hand gets its grace, then is handed on. Returns when the member
   * has left.
   */
  @Override
  public void close() {
    closing.countDown();
    try {
      thread.join(queue.shutdownGrace().plusSeconds(2).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One record from its acquisition to its acknowledgement. */
  private final class Delivery {
    private final KafkaShareConsumer<byte[], byte[]> consumer;
    private final HeldLease lease = new HeldLease(queue.stallLimit());
    private final Map<String, String> headers;
    private final int attempt;
    private ConsumerRecord<byte[], byte[]> record;
    private long renewAt = System.nanoTime() + renewalNanos();
    private boolean dropped;
    private boolean stalled;

    Delivery(KafkaShareConsumer<byte[], byte[]> consumer, ConsumerRecord<byte[], byte[]> record) {
      this.consumer = consumer;
      this.record = record;
      this.headers = QueueRecord.headers(record);
      this.attempt = QueueRecord.attempt(record, headers);
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
      if (attempt > queue.maxAttempts()) {
        giveUp(
            new Failure.Rejected(
                "attempts_exhausted",
                "the " + queue.stage().id() + " did not survive " + (attempt - 1) + " attempts"),
            attempt - 1);
        return;
      }
      finish(item, workedAt(item));
    }

    /**
     * The consumer sometimes fetches one record ahead, and this one has waited while the one before
     * it was worked at: its lease may have lapsed, and then another worker has it.
     */
    private boolean stillMine() {
      renew();
      if (record == null) {
        LOG.infof("queue=%s a record's lease lapsed before it was begun", queue.topic());
      }
      return record != null;
    }

    private long renewalNanos() {
      return queue.lock().toNanos() / 3;
    }

    private boolean unwanted(WorkItem item) {
      if (cancelled.test(item.generationId())) {
        LOG.infof("generation=%s queue=%s dropped: cancelled", item.generationId(), queue.topic());
        return true;
      }
      if (clock.instant().isAfter(item.deadline().plus(Limits.CLOCK_SKEW))) {
        LOG.infof(
            "generation=%s queue=%s dropped: past its deadline",
            item.generationId(), queue.topic());
        return true;
      }
      return false;
    }

    /**
     * Has the item worked at, anew after each outage of something that all work needs: that is
     * waited out, and no attempt.
     *
     * @return the failure of the work, or null
     */
    private Throwable workedAt(WorkItem item) {
      Duration pause = FIRST_BACKOFF;
      while (true) {
        lease.progress();
        Throwable failure = await(item, stage.apply(item));
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
        lease.progress();
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
        pause = longer(pause);
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
        settle(
            item,
            new Failure.Retryable(
                "work_stalled", "the " + queue.stage().id() + " did not come to an end"));
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
      } else if (attempt >= queue.maxAttempts()) {
        giveUp(asFailure(failure), attempt);
      } else {
        LOG.warnf(
            "generation=%s queue=%s key=%s attempt=%d failed and is tried again: %s",
            item.generationId(), queue.topic(), item.key(), attempt, SafeTrace.of(failure));
        pause(Duration.ofMillis(200L * attempt));
        release();
      }
    }

    /**
     * The failure of the work, or null. Renews the lease meanwhile, for as long as the work is
     * wanted and goes on; on shutdown the work gets its grace.
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
     * The work does not end although it was told to. A member that takes nothing keeps its
     * partitions from the others, so it leaves the group; a new one comes when the work has ended.
     */
    private void leave(WorkItem item) {
      if (consumer.subscription().isEmpty()) {
        return;
      }
      LOG.errorf(
          "generation=%s queue=%s key=%s does not end: the slot takes no records until it does",
          item.generationId(), queue.topic(), item.key());
      polling = false;
      record = null;
      consumer.unsubscribe();
    }

    /**
     * A renewed record can only be acknowledged again once a poll has handed it back (KIP-1222).
     */
    private void renew() {
      try {
        consumer.acknowledge(record, AcknowledgeType.RENEW);
        if (refused(consumer.commitSync())) {
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
      if (refused(consumer.commitSync())) {
        LOG.warnf(
            "queue=%s offset=%d: the acknowledgement came after the lease had lapsed",
            queue.topic(), record.offset());
      }
    }

    private boolean refused(
        Map<org.apache.kafka.common.TopicIdPartition, Optional<KafkaException>> outcome) {
      return outcome.values().stream().anyMatch(Optional::isPresent);
    }

    /**
     * Lets another worker have it; near the broker's backstop as a new record, which it cannot
     * drop.
     */
    private void release() {
      if (QueueRecord.deliveries(record) >= QueueSettings.DELIVERY_COUNT_LIMIT - 2) {
        sink.handOn(record, attempt);
        acknowledge(AcknowledgeType.ACCEPT);
      } else {
        acknowledge(AcknowledgeType.RELEASE);
      }
    }

    /** A release would count as an attempt. */
    private void handOn(int attempts) {
      LOG.infof(
          "generation=%s queue=%s offset=%d is handed on to another replica",
          headers.get(HeaderNames.GENERATION_ID), queue.topic(), record.offset());
      sink.handOn(record, attempts);
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
      sink.deadLetter(queue.stage(), record, attempts, reason);
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
}
