package dev.latentline.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Topic;
import io.minio.BucketExistsArgs;
import io.minio.GetObjectArgs;
import io.minio.ListBucketsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.errors.ErrorResponseException;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

class StackIT {
  private static final Duration SOON = Patience.SOON;
  private static final String TOPIC = Topic.GENERATION_REQUESTED.topicName();

  private final TestStack stack = TestStack.shared();

  @Test
  void allOfAModuleShareOneStack() {
    assertThat(TestStack.shared().bootstrapServers()).isEqualTo(stack.bootstrapServers());
    assertThat(new LatentlineStack().start())
        .containsEntry("kafka.bootstrap.servers", stack.bootstrapServers())
        .containsEntry("latentline.store.url", stack.storeUrl());
  }

  @Test
  void recordsSurviveAKilledBroker() {
    try (RecordWriter writer = RecordWriter.open()) {
      write(writer, "gen_before");
      stack.killBroker();
      stack.startBroker();
      write(writer, "gen_after");
    }
    for (String id : List.of("gen_before", "gen_after")) {
      List<ConsumerRecord<String, byte[]>> found =
          RecordReader.open().ofGeneration(TOPIC, id, 1, SOON);
      assertThat(found).hasSize(1);
      assertThat(found.get(0).key()).isEqualTo(id);
      assertThat(RecordReader.header(found.get(0), HeaderNames.SCHEMA_VERSION)).isEqualTo("1");
    }
    assertThat(RecordReader.open().all(TOPIC)).hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void aShareGroupGetsWhatWasWrittenBeforeItsFirstMemberCame() {
    try (RecordWriter writer = RecordWriter.open()) {
      write(writer, "gen_early");
    }
    try (KafkaShareConsumer<String, byte[]> member =
        new KafkaShareConsumer<>(
            Map.of(
                "bootstrap.servers",
                stack.bootstrapServers(),
                "group.id",
                Topic.GENERATION_REQUESTED.shareGroup()),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      member.subscribe(List.of(TOPIC));
      long deadline = System.nanoTime() + SOON.toNanos();
      boolean seen = false;
      while (!seen && System.nanoTime() < deadline) {
        for (ConsumerRecord<String, byte[]> record : member.poll(Duration.ofMillis(200))) {
          seen |= "gen_early".equals(record.key());
        }
      }
      assertThat(seen).isTrue();
    }
  }

  @Test
  void objectsSurviveAKilledStoreAndAWrongKeyIsRefused() throws Exception {
    MinioClient client = client(TestStack.SECRET_KEY);
    if (!client.bucketExists(BucketExistsArgs.builder().bucket("testkit").build())) {
      client.makeBucket(MakeBucketArgs.builder().bucket("testkit").build());
    }
    byte[] bytes = {1, 2, 3};
    client.putObject(
        PutObjectArgs.builder().bucket("testkit").object("a/b.bin").stream(
                new ByteArrayInputStream(bytes), (long) bytes.length, -1L)
            .build());

    stack.killStore();
    stack.startStore();

    try (var object =
        client.getObject(GetObjectArgs.builder().bucket("testkit").object("a/b.bin").build())) {
      assertThat(object.readAllBytes()).isEqualTo(bytes);
    }
    MinioClient stranger = client("wrong");
    assertThatThrownBy(
            () -> stranger.bucketExists(BucketExistsArgs.builder().bucket("testkit").build()))
        .isInstanceOf(ErrorResponseException.class);
    assertThatThrownBy(
            () -> stranger.listBuckets(ListBucketsArgs.builder().build()).iterator().next().get())
        .isInstanceOf(ErrorResponseException.class);
  }

  private static void write(RecordWriter writer, String id) {
    writer.write(
        TOPIC,
        id,
        new byte[] {8, 1},
        RecordWriter.headers(id, Instant.now().plus(SOON), "GenerationRequested"));
  }

  private MinioClient client(String secret) {
    return MinioClient.builder()
        .endpoint(stack.storeUrl())
        .credentials(TestStack.ACCESS_KEY, secret)
        .build();
  }
}
