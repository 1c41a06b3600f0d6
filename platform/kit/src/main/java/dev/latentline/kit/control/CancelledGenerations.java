package dev.latentline.kit.control;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.Control;
import io.quarkus.arc.properties.UnlessBuildProperty;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.jboss.logging.Logger;

/**
 * The generations that are cancelled, read from generation.control from the start of its retention.
 * The work queues take no record before it has caught up, and drop records of a cancelled
 * generation without calling the stage. The gateway, which writes the orders, does not read them.
 */
@ApplicationScoped
@UnlessBuildProperty(name = "latentline.stage", stringValue = "gateway")
public class CancelledGenerations {
  private static final Logger LOG = Logger.getLogger(CancelledGenerations.class);

  /** Cancelled generations and when each can be forgotten. */
  private final Map<String, Instant> cancelled = new ConcurrentHashMap<>();

  private long position;

  @Incoming("generation-control")
  CompletionStage<Void> read(Message<byte[]> message) {
    try {
      Control control = Control.parseFrom(message.getPayload());
      if (control.hasCancel()) {
        add(control.getGenerationId(), Instant.ofEpochMilli(control.getDeadlineMs()));
      }
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      LOG.errorf("an order on generation.control is unreadable and skipped: %s", e.toString());
    }
    long offset = message.getMetadata(IncomingKafkaRecordMetadata.class).orElseThrow().getOffset();
    synchronized (this) {
      position = offset + 1;
      notifyAll();
    }
    return message.ack();
  }

  private void add(String generationId, Instant deadline) {
    Instant now = Instant.now();
    Instant forgotten = deadline.plus(Limits.CLOCK_SKEW).plus(Limits.CLOCK_SKEW);
    if (forgotten.isAfter(now)) {
      cancelled.put(generationId, forgotten);
    }
    cancelled.values().removeIf(until -> !until.isAfter(now));
  }

  /** Whether the generation is cancelled, as far as this replica has read. */
  public boolean contains(String generationId) {
    return cancelled.containsKey(generationId);
  }

  /** Waits until every order before the offset is read. */
  public synchronized void awaitPosition(long endOffset) throws InterruptedException {
    while (position < endOffset) {
      wait();
    }
  }
}
