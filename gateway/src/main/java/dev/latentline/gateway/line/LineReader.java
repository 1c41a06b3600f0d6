package dev.latentline.gateway.line;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.kit.topics.StartGate;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.Progress;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/**
 * Reads generation.event from its beginning and generation.progress from now on, every partition of
 * both, and gives them to the line.
 */
@ApplicationScoped
class LineReader {
  private static final Logger LOG = Logger.getLogger(LineReader.class);

  private final Line line;
  private final StartGate gate;

  LineReader(Line line, StartGate gate) {
    this.line = line;
    this.gate = gate;
  }

  void register(@Observes @Priority(200) StartupEvent event) {
    gate.whenOpen(line::start);
  }

  @Incoming("generation-event")
  void facts(ConsumerRecords<String, byte[]> records) {
    for (ConsumerRecord<String, byte[]> record : records) {
      try {
        line.fold(GenerationEvent.parseFrom(record.value()), record.partition(), record.offset());
      } catch (InvalidProtocolBufferException | RuntimeException e) {
        LOG.errorf(
            "partition=%d offset=%d: what is no fact is passed over: %s",
            record.partition(), record.offset(), e.toString());
      }
      line.readUpTo(record.partition(), record.offset() + 1);
    }
  }

  @Incoming("generation-progress")
  void steps(ConsumerRecords<String, byte[]> records) {
    for (ConsumerRecord<String, byte[]> record : records) {
      try {
        line.progress(Progress.parseFrom(record.value()));
      } catch (InvalidProtocolBufferException | RuntimeException e) {
        LOG.warnf(
            "partition=%d offset=%d: a step is passed over: %s",
            record.partition(), record.offset(), e);
      }
    }
  }
}
