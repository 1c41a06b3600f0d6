package dev.latentline.kit.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.KafkaBroker;
import dev.latentline.embedded.Ports;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordWriter;
import jakarta.enterprise.inject.Instance;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A broker of its own, without a topic at first; what a test breaks is of a pool of its own. */
@Timeout(Patience.TEST_SECONDS)
class StartGateIT {
  private static final Duration SOON = Patience.SOON;
  private static final Duration A_WHILE = Duration.ofSeconds(1);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  @TempDir static Path folder;
  private static KafkaBroker broker;
  private static ChildProcess process;
  private static Admin admin;

  private final String pool = "pool-" + NUMBER.incrementAndGet();
  private final String queue = Topic.EMBEDDING_READY.topicName(pool);

  @BeforeAll
  static void open() {
    List<Integer> ports = Ports.free(2);
    broker =
        new KafkaBroker(
            Checkout.current(),
            folder.resolve("kafka"),
            folder.resolve("broker.log"),
            ports.get(0),
            ports.get(1));
    process = broker.startAndAwait(SOON);
    admin = Admin.create(client());
  }

  @AfterAll
  static void close() {
    admin.close();
    process.kill();
  }

  @Test
  void theGatewayMakesEveryTopicAndGroupAsTheContractSays() throws Exception {
    gate(Stage.GATEWAY, true).awaitTopics(null);

    assertThat(answer(admin.listTopics().names())).containsAll(Topic.allNames(List.of(pool)));
    for (Topic topic : Topic.values()) {
      List<String> parts =
          topic == Topic.EMBEDDING_READY
              ? List.of(pool)
              : topic.writers().stream().map(Stage::id).toList();
      for (TopicAdmin.Named named : TopicAdmin.Named.of(topic, parts)) {
        assertThat(described(named.name()).partitions())
            .as(named.name())
            .hasSize(topic.partitions());
        Config config = config(ConfigResource.Type.TOPIC, named.name());
        topic
            .settings()
            .forEach(
                (name, value) ->
                    assertThat(config.get(name).value())
                        .as("%s of %s", name, named.name())
                        .isEqualTo(value));
        named.group().ifPresent(StartGateIT::assertSettings);
      }
    }
  }

  private static void assertSettings(String group) {
    Config config = config(ConfigResource.Type.GROUP, group);
    assertThat(config.get("share.auto.offset.reset").value()).as(group).isEqualTo("earliest");
    assertThat(config.get("share.record.lock.duration.ms").value()).as(group).isEqualTo("15000");
    assertThat(config.get("share.delivery.count.limit").value()).as(group).isEqualTo("10");
    assertThat(config.get("share.partition.max.record.locks").value()).as(group).isEqualTo("10000");
  }

  @Test
  void whatIsThereStaysAsItIs() throws Exception {
    String keptLonger = Long.toString(Topic.WORK_RETENTION.multipliedBy(2).toMillis());
    make(queue, 3, with("retention.ms", keptLonger));
    TopicDescription before = described(queue);

    gate(Stage.GATEWAY, true).awaitTopics(null);
    gate(Stage.GATEWAY, true).awaitTopics(null);

    assertThat(described(queue)).isEqualTo(before);
    assertThat(config(ConfigResource.Type.TOPIC, queue).get("retention.ms").value())
        .isEqualTo(keptLonger);
  }

  @Test
  void aStageWaitsUntilTheGatewayHasMadeItsTopics() throws Exception {
    CompletableFuture<Void> denoiser = waiting(gate(Stage.DENOISER, true));
    await().during(A_WHILE).atMost(SOON).until(() -> !denoiser.isDone());
    assertThat(answer(admin.listTopics().names())).doesNotContain(queue);

    gate(Stage.GATEWAY, true).awaitTopics(null);

    assertThat(denoiser).succeedsWithin(SOON);
  }

  @Test
  void aGatewayThatDoesNotManageTopicsMakesNone() throws Exception {
    CompletableFuture<Void> checking = waiting(gate(Stage.GATEWAY, false));
    await().during(A_WHILE).atMost(SOON).until(() -> !checking.isDone());
    assertThat(answer(admin.listTopics().names())).doesNotContain(queue);

    gate(Stage.GATEWAY, true).awaitTopics(null);

    assertThat(checking).succeedsWithin(SOON);
  }

  @Test
  void aTopicThatKeepsWorkForTooShortStopsTheStartAndSaysWhatToSet() {
    String wanted = Long.toString(Topic.WORK_RETENTION.toMillis());
    String tooShort = Long.toString(Topic.WORK_RETENTION.toMillis() - 1);
    make(queue, 1, with("retention.ms", tooShort));

    for (Stage stage : List.of(Stage.GATEWAY, Stage.ENCODER, Stage.DENOISER)) {
      assertThatThrownBy(() -> gate(stage, true).awaitTopics(null))
          .as(stage.id())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(queue + " keeps records for " + tooShort + " ms")
          .hasMessageContaining("set retention.ms to " + wanted + " or more");
    }
  }

  @Test
  void aTopicWithALimitOfBytesStopsTheStartAndSaysWhatToSet() {
    make(queue, 1, with("retention.bytes", "1073741824"));

    assertThatThrownBy(() -> gate(Stage.GATEWAY, true).awaitTopics(null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(queue + " has retention.bytes=1073741824")
        .hasMessageContaining("set it to -1")
        .hasMessageNotContaining("retention.ms");
  }

  @ParameterizedTest
  @CsvSource({
    "cleanup.policy, compact, set it to delete",
    "cleanup.policy, 'compact,delete', set it to delete",
    "max.message.bytes, 1048588, set it to 2097152 or more"
  })
  void aTopicThatWouldLoseOrRefuseWorkStopsTheStartAndSaysWhatToSet(
      String setting, String value, String remedy) {
    make(queue, 1, with(setting, value));

    assertThatThrownBy(() -> gate(Stage.GATEWAY, true).awaitTopics(null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(queue + " has " + setting + "=" + value)
        .hasMessageContaining(remedy);
  }

  @Test
  void aCompactedTopicMustBeOne() {
    String deleted = "deleted-" + pool;
    make(deleted, 4, with("cleanup.policy", "delete"));

    try (TopicAdmin topics = new TopicAdmin(client())) {
      assertThat(
              topics.check(
                  List.of(new TopicAdmin.Named(Topic.WEBHOOK_DELIVERY, deleted, Optional.empty()))))
          .singleElement()
          .satisfies(
              problem -> {
                assertThat(problem.lasting()).isTrue();
                assertThat(problem.text()).contains(deleted, "set it to compact");
              });
    }
  }

  @Test
  void aGroupWhoseLocksLastOtherwiseThanTheWorkersAssumeStopsTheStart() {
    make(queue, 1, with("retention.ms", "-1"));
    List<TopicAdmin.Named> topics = TopicAdmin.Named.of(Topic.EMBEDDING_READY, List.of(pool));
    String group = Topic.EMBEDDING_READY.shareGroup(pool);
    try (TopicAdmin topicAdmin = new TopicAdmin(client())) {
      topicAdmin.create(topics, Optional.empty());
      answer(
          admin
              .incrementalAlterConfigs(
                  Map.of(
                      new ConfigResource(ConfigResource.Type.GROUP, group),
                      List.of(
                          new AlterConfigOp(
                              new ConfigEntry("share.record.lock.duration.ms", "30000"),
                              AlterConfigOp.OpType.SET))))
              .all());

      assertThat(topicAdmin.check(topics))
          .singleElement()
          .satisfies(
              problem -> {
                assertThat(problem.lasting()).isTrue();
                assertThat(problem.text())
                    .contains(group, "share.record.lock.duration.ms=30000", "set it to 15000");
              });
    }
  }

  @Test
  void aTopicThatIsReadByPartitionMustHaveThemAll() {
    String few = "few-" + pool;
    make(few, 1, with("retention.ms", "-1"));

    try (TopicAdmin topics = new TopicAdmin(client())) {
      List<TopicAdmin.Problem> problems =
          topics.check(
              List.of(new TopicAdmin.Named(Topic.GENERATION_EVENT, few, Optional.empty())));
      assertThat(problems).hasSize(1);
      assertThat(problems.get(0).lasting()).isTrue();
      assertThat(problems.get(0).text())
          .isEqualTo(
              "topic " + few + " has 1 partitions: make it anew with 8, which are what is read");
    }
  }

  @Test
  void aGroupThatWouldLoseWhatWasWrittenBeforeItsFirstMemberIsWaitedFor() {
    make(queue, 1, with("retention.ms", "-1"));
    List<TopicAdmin.Named> topics = TopicAdmin.Named.of(Topic.EMBEDDING_READY, List.of(pool));
    String group = Topic.EMBEDDING_READY.shareGroup(pool);
    try (TopicAdmin topicAdmin = new TopicAdmin(client())) {
      List<TopicAdmin.Problem> problems = topicAdmin.check(topics);
      assertThat(problems)
          .singleElement()
          .satisfies(
              problem -> {
                assertThat(problem.lasting()).isFalse();
                assertThat(problem.text()).contains(group, "share.auto.offset.reset=earliest");
              });

      topicAdmin.create(topics, Optional.empty());

      assertThat(topicAdmin.check(topics)).isEmpty();
    }
  }

  @Test
  void aBrokerThatDoesNotAnswerIsWaitedFor() throws Exception {
    Map<String, Object> nowhere =
        Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:" + Ports.free(1).get(0));
    StartGate gate =
        new StartGate(nowhere, "denoiser", pool, settings(true), instance(null), instance(null));
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread thread = new Thread(() -> complete(ended, () -> gate.awaitTopics(null)));
    thread.start();
    await().during(A_WHILE).atMost(SOON).until(() -> !ended.isDone());

    thread.interrupt();

    assertThat(ended).failsWithin(SOON);
    assertThat(gate.isOpen()).isFalse();
  }

  @Test
  void theGateOpensWhenTheOrdersThatWereThereAreRead() throws Exception {
    gate(Stage.GATEWAY, true).awaitTopics(null);
    String control = Topic.GENERATION_CONTROL.topicName();
    long offset;
    try (RecordWriter writer = new RecordWriter(broker.bootstrapServers())) {
      offset = writer.write(control, "order", new byte[] {1}, Map.of()).offset();
    }
    List<Long> awaited = new java.util.concurrent.CopyOnWriteArrayList<>();
    CountDownLatch read = new CountDownLatch(1);
    CancelledGenerations orders =
        new CancelledGenerations() {
          @Override
          public void awaitPosition(long endOffset) throws InterruptedException {
            awaited.add(endOffset);
            read.await();
          }
        };
    StartGate gate =
        new StartGate(client(), "denoiser", pool, settings(true), instance(null), instance(orders));
    AtomicInteger ran = new AtomicInteger();
    gate.whenOpen(ran::incrementAndGet);
    CompletableFuture<Void> opening = new CompletableFuture<>();
    new Thread(() -> complete(opening, () -> gate.open(null))).start();

    await().atMost(SOON).until(() -> !awaited.isEmpty());
    assertThat(awaited).containsExactly(offset + 1);
    assertThat(gate.isOpen()).isFalse();
    assertThat(ran).hasValue(0);
    read.countDown();

    assertThat(opening).succeedsWithin(SOON);
    assertThat(gate.isOpen()).isTrue();
    assertThat(ran).hasValue(1);
    gate.whenOpen(ran::incrementAndGet);
    assertThat(ran).as("at once").hasValue(2);
  }

  private StartGate gate(Stage stage, boolean manage) {
    PoolNames pools = () -> List.of(pool);
    // the denoiser knows its own pool only, by latentline.pool
    boolean several = stage != Stage.DENOISER;
    return new StartGate(
        client(),
        stage.id(),
        pool,
        settings(manage),
        instance(several ? pools : null),
        instance(null));
  }

  private static TopicSettings settings(boolean manage) {
    return new TopicSettings() {
      @Override
      public boolean manage() {
        return manage;
      }

      @Override
      public Optional<Short> replicationFactor() {
        return Optional.empty();
      }
    };
  }

  /** The bean, or none. */
  @SuppressWarnings("unchecked")
  private static <T> Instance<T> instance(T bean) {
    return (Instance<T>)
        Proxy.newProxyInstance(
            StartGateIT.class.getClassLoader(),
            new Class<?>[] {Instance.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "isResolvable" -> bean != null;
                  case "get" -> bean;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static CompletableFuture<Void> waiting(StartGate gate) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    new Thread(() -> complete(done, () -> gate.awaitTopics(null))).start();
    return done;
  }

  private interface Blocking {
    void run() throws InterruptedException;
  }

  private static void complete(CompletableFuture<Void> future, Blocking action) {
    try {
      action.run();
      future.complete(null);
    } catch (InterruptedException | RuntimeException e) {
      future.completeExceptionally(e);
    }
  }

  /** The settings of a queue, but for one. */
  private static Map<String, String> with(String setting, String value) {
    Map<String, String> settings = new HashMap<>(Topic.EMBEDDING_READY.settings());
    settings.put(setting, value);
    return settings;
  }

  private static void make(String topic, int partitions, Map<String, String> settings) {
    answer(
        admin
            .createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(settings)))
            .all());
  }

  private static TopicDescription described(String topic) {
    return answer(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
  }

  private static Config config(ConfigResource.Type type, String name) {
    ConfigResource resource = new ConfigResource(type, name);
    return answer(admin.describeConfigs(List.of(resource)).all()).get(resource);
  }

  private static Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServers());
  }

  private static <T> T answer(KafkaFuture<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
