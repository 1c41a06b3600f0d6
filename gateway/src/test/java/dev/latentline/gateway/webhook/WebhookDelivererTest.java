package dev.latentline.gateway.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.egress.Egress;
import dev.latentline.gateway.egress.EgressResult;
import dev.latentline.gateway.secret.MasterSecret;
import dev.latentline.proto.v1.WebhookAttempt;
import dev.latentline.proto.v1.WebhookDelivery;
import jakarta.enterprise.inject.Vetoed;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookDelivererTest {
  private static final long NOW_MS = 1_800_000_000_123L;
  private static final Duration TOOK = Duration.ofMillis(30);
  private static final TopicPartition PARTITION =
      new TopicPartition(Topic.WEBHOOK_DELIVERY.topicName(), 0);

  private final HandClock clock = new HandClock();
  private final FakeEgress egress = new FakeEgress();
  private final FakeLog log = new FakeLog();
  private final WebhookSecrets secrets =
      new WebhookSecrets(new MasterSecret("only-for-tests-0123456789-0123456789"));
  private final WebhookDeliverer deliverer =
      new WebhookDeliverer(egress, secrets, log, clock, new AtOnce());

  @Test
  void aDeliveryThatIsDueIsCalledWithASignatureOfExactlyWhatIsSent() {
    take(delivery("evt_1"));
    deliverer.callDue();

    Call call = egress.calls.get(0);
    assertThat(call.url).isEqualTo(URI.create("https://one.example/hook"));
    assertThat(call.body).isEqualTo("{\"of\":\"evt_1\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(call.headers)
        .isEqualTo(
            Map.of(
                "content-type",
                "application/json",
                "webhook-id",
                "evt_1",
                "webhook-timestamp",
                "1800000000",
                "webhook-signature",
                WebhookSigner.sign(
                    secrets.keyFor("tenant", "default"), "evt_1", 1_800_000_000, call.body)));
  }

  @Test
  void whatIsNotDueYetWaits() {
    take(delivery("evt_1").setNextDueMs(NOW_MS + 1));

    deliverer.callDue();
    assertThat(egress.calls).isEmpty();
    clock.nowMs++;
    deliverer.callDue();
    assertThat(egress.calls).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 202, 204, 299})
  void anAnswerOf2xxFinishesIt(int status) {
    take(delivery("evt_1"));
    deliverer.callDue();

    egress.answer(0, status);

    assertThat(log.finished).containsExactly("evt_1");
    assertThat(log.handedOver).isEmpty();
    assertThat(callsAfter(Duration.ofDays(30))).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {199, 301, 400, 404, 429, 500, 503})
  void anyOtherAnswerIsAnAttemptThatIsWrittenBeforeTheNextOne(int status) {
    take(delivery("evt_1"));
    deliverer.callDue();
    clock.nowMs += 40;

    egress.answer(0, status);

    assertThat(log.finished).isEmpty();
    Duration pause = WebhookSchedule.pauseAfter("evt_1", 1, Optional.empty()).orElseThrow();
    assertThat(log.handedOver)
        .containsExactly(
            delivery("evt_1")
                .addAttempts(
                    WebhookAttempt.newBuilder().setAtMs(NOW_MS).setStatus(status).setDurationMs(30))
                .setNextDueMs(NOW_MS + 40 + pause.toMillis())
                .build());
    assertThat(callsAfter(pause.minusMillis(1))).isEqualTo(1);
    assertThat(callsAfter(Duration.ofMillis(1))).isEqualTo(2);
    assertThat(egress.calls.get(1).headers).containsEntry("webhook-id", "evt_1");
    assertThat(egress.calls.get(1).body).isEqualTo(egress.calls.get(0).body);
  }

  @Test
  void noAnswerIsAnAttemptToo() {
    take(delivery("evt_1"));
    deliverer.callDue();

    egress.calls.get(0).result.complete(EgressResult.failed("connect_failed", TOOK));

    WebhookAttempt attempt = log.handedOver.get(0).getAttempts(0);
    assertThat(attempt.getStatus()).isZero();
    assertThat(attempt.getError()).isEqualTo("connect_failed");
  }

  @Test
  void whatTheReceiverAsksForIsHeard() {
    take(delivery("evt_1"));
    deliverer.callDue();

    egress
        .calls
        .get(0)
        .result
        .complete(EgressResult.answered(503, Optional.of(Duration.ofSeconds(7)), TOOK));

    assertThat(log.handedOver.get(0).getNextDueMs()).isEqualTo(NOW_MS + 7_000);
  }

  @Test
  void aReceiverThatIsGoneIsNotCalledAgain() {
    take(delivery("evt_1"));
    deliverer.callDue();

    egress.answer(0, 410);

    assertThat(log.finished).containsExactly("evt_1");
    assertThat(callsAfter(Duration.ofDays(30))).isEqualTo(1);
  }

  @Test
  void theScheduleEndsAfterTenAttempts() {
    take(delivery("evt_1"));

    for (int attempt = 1; attempt <= WebhookSchedule.maxAttempts(); attempt++) {
      assertThat(log.finished).isEmpty();
      assertThat(callsAfter(Duration.ofDays(2))).isEqualTo(attempt);
      egress.answer(attempt - 1, 500);
    }

    assertThat(log.finished).containsExactly("evt_1");
    assertThat(log.handedOver).hasSize(WebhookSchedule.maxAttempts() - 1);
    assertThat(log.handedOver.get(8).getAttemptsCount()).isEqualTo(9);
    assertThat(callsAfter(Duration.ofDays(30))).isEqualTo(10);
  }

  @Test
  void aDeliveryIsNotCalledTwiceAtOnce() {
    take(delivery("evt_1"));
    deliverer.callDue();

    take(delivery("evt_1"));
    deliverer.callDue();

    assertThat(egress.calls).hasSize(1);
  }

  @Test
  void aHostIsCalledByAtMostFourAtOnceAndHoldsUpNobodyElse() {
    IntStream.range(0, 10).forEach(i -> take(delivery("evt_" + i)));
    take(delivery("evt_other").setUrl("https://two.example/hook"));

    deliverer.callDue();
    deliverer.callDue();

    assertThat(hosts()).filteredOn("one.example"::equals).hasSize(4);
    assertThat(hosts()).filteredOn("two.example"::equals).hasSize(1);
    egress.answer(hosts().indexOf("one.example"), 200);
    deliverer.callDue();
    assertThat(hosts()).filteredOn("one.example"::equals).hasSize(5);
  }

  @Test
  void aHostIsTheSameHoweverItIsWritten() {
    for (String host : List.of("One.example", "one.Example.", "one.example:443", "ONE.example")) {
      take(delivery("evt_" + host).setUrl("https://" + host + "/hook"));
    }
    take(delivery("evt_1"));
    take(delivery("evt_2").setUrl("https://one.example:8443/hook"));

    deliverer.callDue();

    assertThat(egress.calls).hasSize(5);
    assertThat(egress.calls.get(4).url).hasPort(8443);
  }

  @Test
  void aHostThatAnsweredAllIsCalledByFourAgain() {
    IntStream.range(0, 4).forEach(i -> take(delivery("evt_" + i)));
    deliverer.callDue();
    egress.answer(0, 200);
    egress.answer(1, 500);
    egress.answer(2, 410);
    log.away = true;
    egress.answer(3, 200);
    log.away = false;

    IntStream.range(10, 20).forEach(i -> take(delivery("evt_" + i)));
    deliverer.callDue();
    // the fourth is not over before it is written
    assertThat(egress.calls).hasSize(7);
    assertThat(callsAfter(Duration.ofSeconds(5))).isEqualTo(8);
  }

  @Test
  void allHostsTogetherAreCalledByAtMostSixtyFourAtOnce() {
    IntStream.range(0, 100)
        .forEach(
            i ->
                take(
                    delivery("evt_" + i)
                        .setTenant("tenant" + i % 2)
                        .setUrl("https://host" + i + ".example/")));

    deliverer.callDue();
    assertThat(egress.calls).hasSize(64);
    egress.answer(0, 200);
    egress.answer(1, 500);
    deliverer.callDue();

    assertThat(egress.calls).hasSize(66);
  }

  @Test
  void oneTenantWhoseReceiversAreSilentHoldsUpNoOther() {
    IntStream.range(0, 100)
        .forEach(i -> take(delivery("evt_" + i).setUrl("https://host" + i + ".example/")));
    take(delivery("evt_other").setTenant("other").setUrl("https://two.example/"));

    deliverer.callDue();
    assertThat(egress.calls).hasSize(48 + 1);
    assertThat(hosts()).contains("two.example");
    egress.answer(0, 200);
    egress.answer(1, 500);
    deliverer.callDue();

    assertThat(egress.calls).hasSize(48 + 1 + 2);
  }

  @Test
  void anAttemptThatCouldNotBeWrittenIsWrittenAgainWithoutACall() {
    take(delivery("evt_1"));
    deliverer.callDue();
    log.away = true;
    egress.answer(0, 500);

    assertThat(callsAfter(Duration.ofSeconds(5))).isEqualTo(1);
    assertThat(callsAfter(Duration.ofSeconds(5))).isEqualTo(1);
    assertThat(log.handedOver).isEmpty();
    log.away = false;
    assertThat(callsAfter(Duration.ofMillis(4_999))).isEqualTo(1);
    assertThat(log.handedOver).isEmpty();
    deliverer.callDue();
    assertThat(callsAfter(Duration.ofMillis(1))).isEqualTo(2);
    assertThat(log.handedOver).hasSize(1);
    assertThat(log.handedOver.get(0).getAttemptsCount()).isEqualTo(1);
    assertThat(log.handedOver.get(0).getNextDueMs())
        .isEqualTo(
            NOW_MS
                + WebhookSchedule.pauseAfter("evt_1", 1, Optional.empty())
                    .orElseThrow()
                    .toMillis());
  }

  @Test
  void aReceiverThatTookItIsNotCalledAgainWhenThatCouldNotBeWritten() {
    take(delivery("evt_1"));
    deliverer.callDue();
    log.away = true;
    egress.answer(0, 200);
    log.away = false;

    assertThat(callsAfter(Duration.ofSeconds(5))).isEqualTo(1);
    assertThat(log.finished).containsExactly("evt_1");
    assertThat(callsAfter(Duration.ofDays(30))).isEqualTo(1);
  }

  @Test
  void whatWasWrittenIsNotCalledBeforeItHasComeBack() {
    log.slow = true;
    take(delivery("evt_1"));
    deliverer.callDue();
    egress.answer(0, 500);
    assertThat(callsAfter(Duration.ofMinutes(1))).isEqualTo(1);

    log.comeBack();

    assertThat(callsAfter(Duration.ZERO)).isEqualTo(2);
    egress.answer(1, 500);
    assertThat(log.handedOver.get(1).getAttemptsCount()).isEqualTo(2);
  }

  @Test
  void aDeliveryThatCannotBeReadIsCalledALittleLater() {
    take(delivery("evt_1"));
    take(delivery("evt_2").setUrl("https://two.example/hook"));
    log.away = true;
    deliverer.callDue();
    log.away = false;
    assertThat(egress.calls).isEmpty();

    assertThat(callsAfter(Duration.ofMillis(4_999))).isZero();
    assertThat(callsAfter(Duration.ofMillis(1))).isEqualTo(2);
  }

  @Test
  void aRecordThatANewerOneReplacedIsReadFromThere() {
    take(delivery("evt_1").addAttempts(attempt()).addAttempts(attempt()));
    take(delivery("evt_1").addAttempts(attempt()));
    log.records.set(0, Optional.empty());
    deliverer.callDue();
    assertThat(egress.calls).isEmpty();

    assertThat(callsAfter(Duration.ofSeconds(5))).isEqualTo(1);
    egress.answer(0, 500);
    assertThat(log.handedOver.get(0).getAttemptsCount()).isEqualTo(2);
    assertThat(callsAfter(Duration.ofSeconds(5))).as("its pause is kept").isEqualTo(1);
  }

  @Test
  void anAttemptAtWhatAnotherGatewayHasMeanwhileIsNotWritten() {
    take(delivery("evt_1"));
    deliverer.callDue();
    deliverer.dropPartition(0);

    egress.answer(0, 500);

    assertThat(log.handedOver).isEmpty();
  }

  @Test
  void whatAnotherGatewayFinishedIsNotCalled() {
    take(delivery("evt_1"));
    deliverer.finished("evt_1");
    deliverer.callDue();

    assertThat(egress.calls).isEmpty();
  }

  @Test
  void whatAnotherGatewayTakesWhileItIsReadIsNotCalledHere() {
    take(delivery("evt_1"));
    log.meanwhile = () -> deliverer.dropPartition(0);
    deliverer.callDue();
    assertThat(egress.calls).isEmpty();

    log.meanwhile = () -> {};
    take(delivery("evt_1"));
    deliverer.callDue();
    assertThat(egress.calls).hasSize(1);
  }

  @Test
  void thePartitionsThatAnotherGatewayTookAreNotCalledHere() {
    take(delivery("evt_0"));
    deliverer.take(delivery("evt_1").build(), 1, log.append(delivery("evt_1").build()));

    deliverer.dropPartition(0);
    deliverer.callDue();

    assertThat(egress.ids()).containsExactly("evt_1");
  }

  @Test
  void aTakeoverGoesOnWithTheNewestAttempt() {
    WebhookDelivery twice = delivery("evt_1").addAttempts(attempt()).addAttempts(attempt()).build();
    take(delivery("evt_1").setNextDueMs(NOW_MS + 5));
    take(twice.toBuilder());
    take(delivery("evt_1").addAttempts(attempt()));

    deliverer.callDue();
    egress.answer(0, 500);

    assertThat(log.handedOver.get(0).getAttemptsCount()).isEqualTo(3);
  }

  @Test
  void aPartitionThatComesBackDuringACallDoesNotCallTwiceAtOnce() {
    take(delivery("evt_1"));
    deliverer.callDue();
    deliverer.dropPartition(0);
    take(delivery("evt_1"));

    deliverer.callDue();
    assertThat(egress.calls).hasSize(1);
    egress.answer(0, 500);

    assertThat(log.handedOver.get(0).getAttemptsCount()).isEqualTo(1);
    assertThat(callsAfter(Duration.ofSeconds(6))).isEqualTo(2);
  }

  @Test
  void whatTheLogSaidDuringACallIsNotForgotten() {
    take(delivery("evt_1"));
    deliverer.callDue();
    WebhookDelivery.Builder newer = delivery("evt_1").setNextDueMs(NOW_MS + 60_000);
    IntStream.range(0, 5).forEach(i -> newer.addAttempts(attempt()));
    take(newer);

    egress.answer(0, 500);

    assertThat(callsAfter(Duration.ofSeconds(30))).isEqualTo(1);
    assertThat(callsAfter(Duration.ofSeconds(30))).isEqualTo(2);
    egress.answer(1, 500);
    assertThat(log.handedOver.get(1).getAttemptsCount()).isEqualTo(6);
  }

  @Test
  void nothingIsCalledBeforeTheLogIsReadToItsEnd() {
    DeliveryReader reader = assigned(4);

    reader.read(records(0, delivery("evt_1").build(), delivery("evt_2").build()));
    deliverer.callDue();
    assertThat(egress.calls).isEmpty();
    WebhookDelivery later =
        delivery("evt_2").addAttempts(attempt()).setNextDueMs(NOW_MS + 60_000).build();
    reader.read(records(2, later));
    reader.read(records(3, (WebhookDelivery) null));
    deliverer.callDue();

    assertThat(egress.calls).isEmpty();
    assertThat(callsAfter(Duration.ofMinutes(1))).isEqualTo(1);
    assertThat(egress.ids()).containsExactly("evt_2");
  }

  @Test
  void aLogThatIsEmptyHoldsNothingUp() {
    DeliveryReader reader = assigned(0);

    reader.read(records(0, delivery("evt_1").build()));
    deliverer.callDue();

    assertThat(egress.calls).hasSize(1);
  }

  @Test
  void aPartitionThatIsLostAndComesBackIsReadToItsEndAgain() {
    DeliveryReader reader = assigned(2);
    reader.read(records(0, delivery("evt_1").build()));
    reader.onPartitionsRevoked(null, List.of(PARTITION));
    assign(reader, 3);

    reader.read(records(0, delivery("evt_1").build(), null));
    deliverer.callDue();
    assertThat(egress.calls).isEmpty();
    reader.read(records(2, delivery("evt_2").build()));
    deliverer.callDue();

    assertThat(egress.ids()).containsExactly("evt_2");
  }

  @Test
  void aCallThatCannotBeBegunIsTriedAgainAndKeepsNobodyElseWaiting() {
    take(delivery("evt_1"));
    take(delivery("evt_2"));
    egress.broken = true;
    deliverer.callDue();
    egress.broken = false;
    assertThat(egress.calls).isEmpty();

    assertThat(callsAfter(Duration.ofMillis(4_999))).isZero();
    assertThat(callsAfter(Duration.ofMillis(1))).isEqualTo(2);
    assertThat(egress.ids()).containsExactlyInAnyOrder("evt_1", "evt_2");
  }

  @Test
  void aRecordThatIsNoDeliveryIsPassedOverAndCountsAsRead() {
    DeliveryReader reader = assigned(3);

    reader.read(records(0, delivery("evt_1").build()));
    reader.read(records(1, new byte[] {-1, -1, -1}));
    reader.read(records(2, delivery("evt_2").setUrl("no url").build()));
    deliverer.callDue();

    assertThat(egress.ids()).containsExactly("evt_1");
  }

  /** A reader that was given the partition, whose log ends there. */
  private DeliveryReader assigned(long end) {
    DeliveryReader reader = new DeliveryReader(deliverer);
    assign(reader, end);
    return reader;
  }

  private static void assign(DeliveryReader reader, long end) {
    MockConsumer<String, byte[]> consumer = new MockConsumer<>("latest");
    consumer.assign(List.of(PARTITION));
    consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
    consumer.updateEndOffsets(Map.of(PARTITION, end));
    reader.onPartitionsAssigned(consumer, List.of(PARTITION));
    assertThat(consumer.position(PARTITION)).isZero();
  }

  /** One batch; no delivery is a tombstone of evt_1. */
  private ConsumerRecords<String, byte[]> records(long offset, WebhookDelivery... deliveries) {
    return records(
        offset,
        Stream.of(deliveries)
            .map(delivery -> delivery == null ? null : delivery.toByteArray())
            .toArray(byte[][]::new));
  }

  private ConsumerRecords<String, byte[]> records(long offset, byte[]... values) {
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    for (byte[] value : values) {
      log.keep((int) offset + records.size(), value);
      records.add(
          new ConsumerRecord<>(
              PARTITION.topic(), PARTITION.partition(), offset + records.size(), "evt_1", value));
    }
    return new ConsumerRecords<>(Map.of(PARTITION, records), Map.of());
  }

  private void take(WebhookDelivery.Builder delivery) {
    deliverer.take(delivery.build(), 0, log.append(delivery.build()));
  }

  /** So much later; how many calls were made in all. */
  private int callsAfter(Duration pause) {
    clock.nowMs += pause.toMillis();
    deliverer.writeDue();
    deliverer.callDue();
    return egress.calls.size();
  }

  private List<String> hosts() {
    return egress.calls.stream().map(call -> call.url.getHost()).toList();
  }

  private static WebhookDelivery.Builder delivery(String id) {
    return WebhookDelivery.newBuilder()
        .setWebhookId(id)
        .setTenant("tenant")
        .setEndpoint("default")
        .setUrl("https://one.example/hook")
        .setType("generation.succeeded")
        .setGenerationId("gen_1")
        .setBody(ByteString.copyFromUtf8("{\"of\":\"" + id + "\"}"))
        .setCreatedAtMs(NOW_MS - 1_000)
        .setNextDueMs(NOW_MS);
  }

  private static WebhookAttempt attempt() {
    return WebhookAttempt.newBuilder().setAtMs(NOW_MS - 500).setStatus(500).build();
  }

  private record Call(
      URI url, Map<String, String> headers, byte[] body, CompletableFuture<EgressResult> result) {}

  /** Answers when the test says so. */
  private static final class FakeEgress implements Egress {
    private final List<Call> calls = new ArrayList<>();
    private boolean broken;

    @Override
    public CompletionStage<EgressResult> post(URI url, Map<String, String> headers, byte[] body) {
      if (broken) {
        throw new IllegalStateException("no connection can be made");
      }
      Call call = new Call(url, headers, body, new CompletableFuture<>());
      calls.add(call);
      return call.result;
    }

    void answer(int call, int status) {
      calls.get(call).result.complete(EgressResult.answered(status, Optional.empty(), TOOK));
    }

    List<String> ids() {
      return calls.stream().map(call -> call.headers.get("webhook-id")).toList();
    }
  }

  /** Vetoed: its parent's scope would make it a second bean in the tests with Quarkus. */
  @Vetoed
  private final class FakeLog extends DeliveryLog {
    private final List<WebhookDelivery> handedOver = new ArrayList<>();
    private final List<String> finished = new ArrayList<>();

    /** By offset; what is not there any more is empty. */
    private final List<Optional<WebhookDelivery>> records = new ArrayList<>();

    private boolean away;
    private boolean slow;
    private Runnable meanwhile = () -> {};

    FakeLog() {
      super(null, null);
    }

    long append(WebhookDelivery delivery) {
      records.add(Optional.of(delivery));
      return records.size() - 1;
    }

    void keep(int offset, byte[] value) {
      while (records.size() <= offset) {
        records.add(Optional.empty());
      }
      try {
        records.set(
            offset,
            value == null ? Optional.empty() : Optional.of(WebhookDelivery.parseFrom(value)));
      } catch (InvalidProtocolBufferException e) {
        records.set(offset, Optional.empty());
      }
    }

    @Override
    Optional<WebhookDelivery> read(String webhookId, int partition, long offset) {
      mustBeThere();
      meanwhile.run();
      return records.get((int) offset);
    }

    @Override
    void advance(WebhookDelivery delivery, int partition) {
      mustBeThere();
      assertThat(partition).isEqualTo(PARTITION.partition());
      handedOver.add(delivery);
      append(delivery);
      if (!slow) {
        comeBack();
      }
    }

    /** The newest record is read. */
    void comeBack() {
      long offset = records.size() - 1;
      deliverer.take(records.get((int) offset).orElseThrow(), 0, offset);
    }

    @Override
    void finish(WebhookDelivery delivery, int partition) {
      mustBeThere();
      assertThat(partition).isEqualTo(PARTITION.partition());
      finished.add(delivery.getWebhookId());
    }

    private void mustBeThere() {
      if (away) {
        throw new Failure.Retryable("broker_unavailable", "the broker is away");
      }
    }
  }

  /** Stands still unless the test moves it. */
  private static final class HandClock extends Clock {
    private long nowMs = NOW_MS;

    @Override
    public long millis() {
      return nowMs;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(nowMs);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** Runs everything in the thread that asks. */
  private static final class AtOnce extends AbstractExecutorService {
    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }
}
