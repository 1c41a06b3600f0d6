package dev.latentline.gateway.line;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Topic;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** How far generation.event goes, as the broker says. */
@ApplicationScoped
class LogEnd {
  /** Of a shared request, so that one that a broker never answered ends. */
  private static final int SHARED_LIMIT_MS = 1_000;

  private final Admin admin;
  private final SharedRequest<Map<Integer, Long>> shared =
      new SharedRequest<>(() -> request(new ListOffsetsOptions().timeoutMs(SHARED_LIMIT_MS)));

  LogEnd(@Identifier("default-kafka-broker") Map<String, Object> client) {
    admin = Admin.create(client);
  }

  /**
   * The offset that the next record gets, by partition; only of partitions that hold records.
   *
   * @throws Failure.Retryable with code {@code broker_unavailable} when the broker does not answer
   *     in time
   */
  Map<Integer, Long> ends(Duration atMost) {
    return await(request(new ListOffsetsOptions()), atMost);
  }

  /** The same for many that ask at once: they share a request that is sent after they asked. */
  Map<Integer, Long> endsShared(Duration atMost) {
    return await(shared.ask(), atMost);
  }

  private CompletableFuture<Map<Integer, Long>> request(ListOffsetsOptions options) {
    return offsets(OffsetSpec.earliest(), options)
        .thenCombine(
            offsets(OffsetSpec.latest(), options),
            (beginnings, latest) -> {
              Map<Integer, Long> ends = new HashMap<>(latest);
              ends.entrySet().removeIf(end -> end.getValue() <= beginnings.get(end.getKey()));
              return ends;
            })
        .toCompletableFuture();
  }

  private CompletionStage<Map<Integer, Long>> offsets(
      OffsetSpec which, ListOffsetsOptions options) {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    for (int partition = 0; partition < Topic.GENERATION_EVENT.partitions(); partition++) {
      wanted.put(new TopicPartition(Topic.GENERATION_EVENT.topicName(), partition), which);
    }
    return admin
        .listOffsets(wanted, options)
        .all()
        .toCompletionStage()
        .thenApply(
            answer -> {
              Map<Integer, Long> offsets = new HashMap<>();
              answer.forEach(
                  (partition, info) -> offsets.put(partition.partition(), info.offset()));
              return offsets;
            });
  }

  private static Map<Integer, Long> await(
      CompletableFuture<Map<Integer, Long>> ends, Duration atMost) {
    try {
      return ends.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(e);
    } catch (ExecutionException | TimeoutException e) {
      throw unavailable(e);
    }
  }

  private static Failure.Retryable unavailable(Exception cause) {
    return new Failure.Retryable("broker_unavailable", "the broker did not answer in time", cause);
  }

  @PreDestroy
  void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
