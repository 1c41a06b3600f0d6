package dev.latentline.kit.workqueue;

import dev.latentline.kit.failure.SafeTrace;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * One member of a share group: takes a record, has it worked at, and says what became of it, see
 * {@link Delivery}. A share consumer allows no poll while a record is unacknowledged, so a slot
 * holds one record, and records held side by side need a member each.
 *
 * <p>The slot's own thread is the only one that touches the consumer. It ends only by {@link
 * #close}: when the broker goes away the slot comes back with it.
 */
final class ShareSlot implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ShareSlot.class);

  /**
   * A poll asks for a record once, when it begins. One that begins just when the record of the one
   * before arrives asks for a second, which nobody looks at before its lease has lapsed. So a slot
   * polls once for each record if it can; {@link #end} breaks a poll off.
   */
  private static final Duration POLL = Duration.ofSeconds(30);

  private static final Duration FIRST_POLL = Duration.ofMillis(500);

  /**
   * For how long the broker keeps a fetch open for which it has no record; until it ends it answers
   * nothing else on the connection, so a member needs as long to leave.
   */
  private static final int FETCH_WAIT_AT_NOTHING_MILLIS = 1500;

  /**
   * The same of a replica at work, and how long it needs to take one of many records: its fetches
   * are answered when they end, not when a record comes, so that whoever is at nothing has it by
   * then. Half as long is twice the chance of coming between, which is 1 % at 100 ms, and twice the
   * requests: each costs replica and broker two core-ms together.
   */
  private static final int FETCH_WAIT_AT_WORK_MILLIS = 200;

  private final QueueSettings queue;
  private final Map<String, Object> client;
  private final StageWork work;
  private final SlotGate gate;
  private final int member;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Object waking = new Object();
  private KafkaShareConsumer<byte[], byte[]> waiting;
  private long endNanos;
  private volatile boolean failing;
  private volatile boolean joined;
  private volatile Delivery delivery;

  /**
   * @param client bootstrap servers and security, shared with the sink
   * @param member of the gate's members
   */
  ShareSlot(
      QueueSettings queue, Map<String, Object> client, StageWork work, SlotGate gate, int member) {
    this.queue = queue;
    this.client = client;
    this.work = work;
    this.gate = gate;
    this.member = member;
    this.thread = new Thread(this::run, queue.topic() + "-" + member);
  }

  void start() {
    thread.start();
  }

  /**
   * Whether the slot is a member of its group, as far as it knows, or need not be one yet, and is
   * not kept from taking records by work that does not end although it was told to.
   */
  boolean polling() {
    return open() && !failing && (joined || !gate.needs(member)) && !hangs();
  }

  /** Whether work does not end although it was told to. */
  boolean hangs() {
    Delivery now = delivery;
    return now != null && now.left();
  }

  boolean open() {
    return closing.getCount() > 0;
  }

  private void run() {
    Duration backoff = Backoff.FIRST;
    while (gate.await(member, this::open)) {
      try (Member membership = new Member(consumer())) {
        KafkaShareConsumer<byte[], byte[]> consumer = membership.consumer();
        consumer.subscribe(List.of(queue.topic()));
        long polledAt = System.nanoTime();
        Duration patience = FIRST_POLL;
        boolean waits = true;
        while (waits) {
          // what comes during a poll is returned at once; what lay there came after the poll before
          long unpolled = System.nanoTime() - polledAt;
          ConsumerRecords<byte[], byte[]> polled = poll(consumer, patience);
          polledAt = System.nanoTime();
          Duration waited = patience;
          patience = POLL;
          joined = true;
          failing = false;
          backoff = Backoff.FIRST;
          for (ConsumerRecord<byte[], byte[]> record : polled) {
            gate.took(member);
            delivery = new Delivery(queue, work, consumer, closing, record);
            delivery.work(unpolled);
            delivery = null;
          }
          if (polled.isEmpty()) {
            waits = open() && !(waited.equals(POLL) && gate.isIdle(member));
          } else {
            waits = !consumer.subscription().isEmpty() && gate.await(member, this::open);
          }
        }
      } catch (WakeupException closed) {
        // the loop's condition says what there is to do
      } catch (KafkaException | IllegalStateException e) {
        failing = true;
        LOG.warnf(
            "queue=%s lost the broker, trying again in %d ms: %s",
            queue.topic(), backoff.toMillis(), e.toString());
      } catch (RuntimeException | Error e) {
        failing = true;
        LOG.errorf(
            "queue=%s failed, trying again in %d ms: %s",
            queue.topic(), backoff.toMillis(), SafeTrace.of(e));
      } finally {
        delivery = null;
        joined = false;
        gate.left(member);
      }
      if (failing) {
        Backoff.pause(closing, backoff);
        backoff = Backoff.after(backoff);
        // it may not be needed for long
        failing = false;
      }
    }
  }

  private ConsumerRecords<byte[], byte[]> poll(
      KafkaShareConsumer<byte[], byte[]> consumer, Duration patience) {
    synchronized (waking) {
      if (!open()) {
        return ConsumerRecords.empty();
      }
      waiting = consumer;
    }
    try {
      return consumer.poll(patience);
    } finally {
      synchronized (waking) {
        waiting = null;
      }
    }
  }

  /** A membership that does not wait for long to be ended in order: the broker notices anyway. */
  private record Member(KafkaShareConsumer<byte[], byte[]> consumer) implements AutoCloseable {
    private static final Duration FAREWELL = Duration.ofSeconds(2);

    @Override
    public void close() {
      consumer.close(FAREWELL);
    }
  }

  private KafkaShareConsumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(client);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, queue.group());
    settings.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
    // without these one member takes the whole backlog
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    settings.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
    if (gate.first(member)) {
      settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, FETCH_WAIT_AT_NOTHING_MILLIS);
    } else {
      settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, FETCH_WAIT_AT_WORK_MILLIS);
      settings.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, Integer.MAX_VALUE);
    }
    // a member that takes nothing for a while stays one
    settings.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, Integer.MAX_VALUE);
    return new KafkaShareConsumer<>(
        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Takes no record any more and tells the work at the one at hand; it gets its grace, then the
   * record is handed on. Returns at once.
   */
  void end() {
    synchronized (waking) {
      if (!open()) {
        return;
      }
      endNanos = System.nanoTime() + queue.shutdownGrace().plusSeconds(2).toNanos();
      closing.countDown();
      if (waiting != null) {
        waiting.wakeup();
      }
    }
    Delivery now = delivery;
    if (now != null) {
      now.end();
    }
  }

  /** {@link #end Ends} the slot and returns when the member has left. */
  @Override
  public void close() {
    end();
    try {
      thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
