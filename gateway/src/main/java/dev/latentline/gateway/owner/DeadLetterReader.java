package dev.latentline.gateway.owner;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.Limits;
import dev.latentline.gateway.line.Facts;
import dev.latentline.proto.v1.DeadLettered;
import dev.latentline.proto.v1.GenerationEvent;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/**
 * Turns every dead letter into the fact {@code dead_lettered}, so that a client does not wait for
 * what was given up. One gateway reads a dead letter (group latentline.dead-letters); a repetition
 * changes nothing.
 */
@ApplicationScoped
class DeadLetterReader {
  private static final Logger LOG = Logger.getLogger(DeadLetterReader.class);
  private static final long RETRY_MILLIS = 1_000;

  private final Facts facts;

  DeadLetterReader(Facts facts) {
    this.facts = facts;
  }

  /** Returns once the fact is written: only then is the record committed. */
  @Incoming("dlq")
  @Blocking("dead-letters")
  void read(ConsumerRecord<String, byte[]> record) throws InterruptedException {
    Optional<String> generation =
        header(record, HeaderNames.GENERATION_ID).filter(GenerationIds::isValid);
    if (generation.isEmpty()) {
      LOG.errorf(
          "topic=%s partition=%d offset=%d is a dead letter of no generation: %s",
          record.topic(),
          record.partition(),
          record.offset(),
          header(record, HeaderNames.DEAD_LETTER_CODE).orElse(""));
      return;
    }
    GenerationEvent.Builder fact =
        GenerationEvent.newBuilder().setDeadLettered(fact(record, generation.get()));
    while (true) {
      try {
        facts.publish(generation.get(), deadline(record), fact);
        return;
      } catch (Failure.Retryable e) {
        LOG.warnf("generation=%s a dead letter waits: %s", generation.get(), e.toString());
        // nothing counts it down: a pause that an interrupt ends
        new CountDownLatch(1).await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }

  private static DeadLettered fact(ConsumerRecord<String, byte[]> record, String generation) {
    DeadLettered.Builder fact =
        DeadLettered.newBuilder()
            .setStage(header(record, HeaderNames.DEAD_LETTER_STAGE).orElse(""))
            .setCode(header(record, HeaderNames.DEAD_LETTER_CODE).orElse("internal_error"))
            .setMessage(header(record, HeaderNames.DEAD_LETTER_MESSAGE).orElse(""))
            .setAttempts(
                number(header(record, HeaderNames.DEAD_LETTER_ATTEMPTS)).orElse(0L).intValue());
    String prefix = generation + "/";
    if (record.key() != null && record.key().startsWith(prefix)) {
      number(Optional.of(record.key().substring(prefix.length())))
          .filter(index -> index >= 0 && index < Limits.MAX_COUNT)
          .ifPresent(index -> fact.setImageIndex(index.intValue()));
    }
    return fact.build();
  }

  private static Instant deadline(ConsumerRecord<String, byte[]> record) {
    return Instant.ofEpochMilli(number(header(record, HeaderNames.DEADLINE)).orElse(0L));
  }

  private static Optional<String> header(ConsumerRecord<String, byte[]> record, String name) {
    for (Header header : record.headers().headers(name)) {
      return Optional.ofNullable(header.value())
          .map(value -> new String(value, StandardCharsets.UTF_8));
    }
    return Optional.empty();
  }

  private static Optional<Long> number(Optional<String> text) {
    try {
      return text.map(Long::parseLong);
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
