package dev.latentline.kit.workqueue;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Stage;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** Slots of one share group at a real broker; each test has a topic and a group of its own. */
abstract class SlotsAtABroker {
  static final Duration SOON = Patience.SOON;
  // no pause of a busy machine may outlast it
  static final Duration LOCK = Duration.ofSeconds(3);
  static final String DEAD_LETTERS = "dlq.encoder";

  static TestStack stack;
  static RecordWriter writer;
  static RecordSink sink;
  static final AtomicInteger NUMBER = new AtomicInteger();

  final List<ShareSlot> slots = new ArrayList<>();
  final Set<String> cancelled = ConcurrentHashMap.newKeySet();

  /** What the slots hold deadlines against: time that passes only where a test says so. */
  final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.now().truncatedTo(ChronoUnit.MILLIS));

  String topic;

  @BeforeAll
  static void open() {
    stack = TestStack.shared();
    writer = RecordWriter.open();
    sink = new RecordSink(client());
  }

  @AfterAll
  static void close() {
    writer.close();
    sink.close();
  }

  @BeforeEach
  void makeTopic() {
    topic = "queue-" + NUMBER.incrementAndGet();
    Topics.create(stack.bootstrapServers(), topic, 2);
    Topics.readFromTheBeginning(stack.bootstrapServers(), group());
    shortLock();
  }

  @AfterEach
  void leave() {
    slots.forEach(ShareSlot::close);
  }

  static Lease lease(List<WorkItem> items) {
    return items.get(0).lease();
  }

  ShareSlot start(Duration lock, Function<WorkItem, CompletableFuture<Void>> stage) {
    return start(lock, QueueSettings.DEFAULT_STALL_LIMIT, stage);
  }

  ShareSlot start(
      Duration lock, Duration stallLimit, Function<WorkItem, CompletableFuture<Void>> stage) {
    QueueSettings queue =
        new QueueSettings(
            Stage.ENCODER,
            topic,
            group(),
            lock,
            3,
            QueueSettings.DEFAULT_SHUTDOWN_GRACE,
            stallLimit);
    ShareSlot slot =
        new ShareSlot(
            queue,
            client(),
            stage,
            cancelled::contains,
            sink,
            now::get,
            topic + "-" + slots.size());
    slots.add(slot);
    slot.start();
    return slot;
  }

  String group() {
    return "group-" + topic;
  }

  static Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, stack.bootstrapServers());
  }

  void shortLock() {
    try (Admin admin = Admin.create(client())) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.GROUP, group()),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry(
                              "share.record.lock.duration.ms", Long.toString(LOCK.toMillis())),
                          AlterConfigOp.OpType.SET))))
          .all()
          .toCompletionStage()
          .toCompletableFuture()
          .join();
    }
  }

  String write(String key) {
    return write(key, Map.of());
  }

  /** Writes a record of a new generation, with some headers replaced. */
  String write(String key, Map<String, String> changed) {
    String generation = newId();
    Map<String, String> headers = headers(generation);
    headers.putAll(changed);
    writer.write(topic, key, key.getBytes(StandardCharsets.UTF_8), headers);
    return generation;
  }

  Map<String, String> headers(String generation) {
    return RecordWriter.headers(generation, now.get().plusSeconds(600), "Test");
  }

  /** The deadline of a record that slots still take for so long, as its header says it. */
  Map<String, String> takenFor(Duration left) {
    return Map.of(
        HeaderNames.DEADLINE,
        Long.toString(now.get().minus(Limits.CLOCK_SKEW).plus(left).toEpochMilli()));
  }

  static String newId() {
    return GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
  }

  static ConsumerRecord<String, byte[]> deadLetter(String generation) {
    return RecordReader.open().ofGeneration(DEAD_LETTERS, generation, 1, SOON).get(0);
  }

  static String first(ConsumerRecord<?, ?> record, String header) {
    return new String(
        record.headers().headers(header).iterator().next().value(), StandardCharsets.UTF_8);
  }
}
