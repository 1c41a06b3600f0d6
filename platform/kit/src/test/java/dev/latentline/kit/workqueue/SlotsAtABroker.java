package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Slots of one share group at a real broker; each test has a topic and a group of its own. They
 * wait for locks to lapse or not to, most of their time: so they run side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
abstract class SlotsAtABroker {
  static final Duration SOON = Patience.SOON;
  // no pause of a busy machine may outlast it
  static final Duration LOCK = Duration.ofSeconds(3);
  static final String DEAD_LETTERS = "dlq.encoder";

  static final AtomicInteger NUMBER = new AtomicInteger();
  static TestStack stack;

  RecordWriter writer;
  RecordSink sink;
  final List<ShareSlot> slots = new ArrayList<>();
  final Set<String> cancelled = ConcurrentHashMap.newKeySet();

  /** What the slots hold deadlines against: time that passes only where a test says so. */
  final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.now().truncatedTo(ChronoUnit.MILLIS));

  String topic;

  @BeforeAll
  static void open() {
    stack = TestStack.shared();
  }

  @BeforeEach
  void makeTopic() {
    writer = RecordWriter.open();
    sink = new RecordSink(client());
    topic = "queue-" + NUMBER.incrementAndGet();
    Topics.create(stack.bootstrapServers(), topic, 1);
    Topics.readFromTheBeginning(stack.bootstrapServers(), group());
    lock(LOCK);
  }

  @AfterEach
  void leave() {
    slots.forEach(ShareSlot::end);
    slots.forEach(ShareSlot::close);
    writer.close();
    sink.close();
  }

  static Lease lease(List<WorkItem> items) {
    return items.get(0).lease();
  }

  ShareSlot start(Duration lock, Function<WorkItem, CompletableFuture<Void>> stage) {
    return start(lock, QueueSettings.DEFAULT_STALL_LIMIT, stage);
  }

  ShareSlot start(
      Duration lock, Duration stallLimit, Function<WorkItem, CompletableFuture<Void>> stage) {
    return start(queue(lock, stallLimit), work(stage), SlotGate.shared(1, held -> true)).get(0);
  }

  /** A replica: its members, started. */
  List<ShareSlot> start(QueueSettings queue, StageWork work, SlotGate gate) {
    List<ShareSlot> replica = new ArrayList<>();
    for (int member = 0; member < gate.members(); member++) {
      replica.add(new ShareSlot(queue, client(), work, gate, member));
    }
    slots.addAll(replica);
    replica.forEach(ShareSlot::start);
    return replica;
  }

  QueueSettings queue(Duration lock, Duration stallLimit) {
    return new QueueSettings(
        Stage.ENCODER, topic, group(), lock, 3, QueueSettings.DEFAULT_SHUTDOWN_GRACE, stallLimit);
  }

  StageWork work(Function<WorkItem, CompletableFuture<Void>> stage) {
    return work(stage, WorkItem::attempt);
  }

  StageWork work(Function<WorkItem, CompletableFuture<Void>> stage, Attempts attempts) {
    return new StageWork(stage, attempts, cancelled::contains, sink, now::get);
  }

  /** Has one record delivered to a member that a test holds in its hand. */
  void deliverTo(CountDownLatch closing, Function<WorkItem, CompletableFuture<Void>> stage) {
    try (KafkaShareConsumer<byte[], byte[]> consumer = member()) {
      ConsumerRecords<byte[], byte[]> polled = consumer.poll(SOON);
      new Delivery(queue(LOCK, LOCK), work(stage), consumer, closing, polled.iterator().next())
          .work(0);
    }
  }

  /** For the broker a member that leaves with a record is like one that is killed. */
  void dieWithARecord() {
    try (KafkaShareConsumer<byte[], byte[]> consumer = member()) {
      assertThat(consumer.poll(SOON)).hasSize(1);
    }
  }

  private KafkaShareConsumer<byte[], byte[]> member() {
    Map<String, Object> settings = new HashMap<>(client());
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, group());
    settings.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    settings.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
    KafkaShareConsumer<byte[], byte[]> consumer =
        new KafkaShareConsumer<>(
            settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(List.of(topic));
    return consumer;
  }

  String group() {
    return "group-" + topic;
  }

  static Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, stack.bootstrapServers());
  }

  /** Sets the group's lock, of records that are taken from now on. */
  void lock(Duration lock) {
    try (Admin admin = Admin.create(client())) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.GROUP, group()),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry(
                              "share.record.lock.duration.ms", Long.toString(lock.toMillis())),
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
