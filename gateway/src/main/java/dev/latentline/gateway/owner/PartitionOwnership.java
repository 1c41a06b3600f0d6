package dev.latentline.gateway.owner;

import dev.latentline.contract.Topic;
import dev.latentline.gateway.VitalThreads;
import dev.latentline.kit.topics.StartGate;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * Which partitions of generation.event this replica owns: a membership of a consumer group that
 * reads nothing (docs/adr/0003). A member that dies is out after the session timeout, and its
 * partitions go to another.
 */
@ApplicationScoped
class PartitionOwnership {
  static final String GROUP = "latentline.owner";

  private static final Logger LOG = Logger.getLogger(PartitionOwnership.class);
  private static final Duration POLL = Duration.ofSeconds(5);

  /** The shortest that brokers allow by default: for so long nobody decides after a kill. */
  private static final int SESSION_TIMEOUT_MS = 6_000;

  private final Map<String, Object> client;
  private final StartGate gate;
  private final VitalThreads threads;
  private final Set<Integer> owned = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "partition-ownership");
  private volatile KafkaConsumer<byte[], byte[]> current;

  PartitionOwnership(
      @Identifier("default-kafka-broker") Map<String, Object> client,
      StartGate gate,
      VitalThreads threads) {
    this.client = client;
    this.gate = gate;
    this.threads = threads;
  }

  void register(@Observes @Priority(200) StartupEvent event) {
    gate.whenOpen(() -> threads.start(thread));
  }

  boolean owns(int partition) {
    return owned.contains(partition);
  }

  private boolean open() {
    return closing.getCount() > 0;
  }

  private void run() {
    while (open()) {
      try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
        current = consumer;
        consumer.subscribe(List.of(Topic.GENERATION_EVENT.topicName()), listener(consumer));
        while (open()) {
          // partitions are paused: this only keeps the membership alive
          consumer.poll(POLL);
        }
      } catch (KafkaException e) {
        // also what wakes it up to close
        if (open()) {
          LOG.warnf("the membership of %s is lost, joining again: %s", GROUP, e.toString());
          pause();
        }
      } catch (RuntimeException e) {
        LOG.errorf(e, "the membership of %s failed, joining again", GROUP);
        pause();
      } finally {
        current = null;
        owned.clear();
      }
    }
  }

  private ConsumerRebalanceListener listener(KafkaConsumer<byte[], byte[]> consumer) {
    return new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> owned.remove(partition.partition()));
      }

      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        consumer.pause(partitions);
        partitions.forEach(partition -> owned.add(partition.partition()));
        LOG.infof("this gateway owns the partitions %s of generation.event", owned);
      }
    };
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(client);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, GROUP);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    // nothing is read, but a position is wanted: any will do
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
    // with nothing to read a poll looks up so often, and so does the thread that sends heartbeats
    settings.put(ConsumerConfig.RETRY_BACKOFF_MS_CONFIG, 500);
    settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MS);
    settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, SESSION_TIMEOUT_MS / 4);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private void pause() {
    try {
      closing.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Leaves the group, so that another replica owns at once. */
  void stop(@Observes @Priority(1) ShutdownEvent event) throws InterruptedException {
    threads.release(thread);
    closing.countDown();
    KafkaConsumer<byte[], byte[]> consumer = current;
    if (consumer != null) {
      consumer.wakeup();
    }
    thread.join(Duration.ofSeconds(3).toMillis());
  }
}
