package dev.latentline.kit.workqueue;

import dev.latentline.contract.Stage;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.topics.StartGate;
import dev.latentline.kit.vital.Vital;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.BackPressureStrategy;
import io.smallrye.mutiny.subscription.MultiEmitter;
import io.smallrye.reactive.messaging.connector.InboundConnector;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.eclipse.microprofile.reactive.messaging.spi.ConnectorFactory;

/**
 * Work queues as SmallRye channels, on Kafka share groups (KIP-932). Attributes of a channel:
 * {@code topic}, {@code group}, {@code slots} (records worked at side by side, 1), {@code lock-ms}
 * (15000, as the group is configured), {@code stall-ms} (300000, after which work that says nothing
 * hangs).
 *
 * <p>A bean of {@link Intake} or {@link Attempts} with {@code @Identifier} of the channel's name
 * has its say.
 *
 * <p>SmallRye's own share-group channels renew a lease only once and idle between records; this one
 * renews for as long as the method runs. See docs/adr/0004 and 0005.
 */
@ApplicationScoped
@Connector("latentline-share")
public class ShareConnector implements InboundConnector, Vital {
  private final Map<String, Object> client;
  private final Stage stage;
  private final Instance<CancelledGenerations> cancelled;
  private final StartGate gate;
  private final Instance<Intake> intakes;
  private final Instance<Attempts> attempts;
  private final List<ShareWorker> workers = new CopyOnWriteArrayList<>();

  ShareConnector(
      @Identifier("default-kafka-broker") Map<String, Object> client,
      @ConfigProperty(name = "latentline.stage") String stage,
      Instance<CancelledGenerations> cancelled,
      StartGate gate,
      @Any Instance<Intake> intakes,
      @Any Instance<Attempts> attempts) {
    this.client = Map.copyOf(client);
    this.stage = Stage.byId(stage);
    this.cancelled = cancelled;
    this.gate = gate;
    this.intakes = intakes;
    this.attempts = attempts;
  }

  @Override
  public Flow.Publisher<? extends Message<?>> getPublisher(Config channel) {
    QueueSettings queue =
        new QueueSettings(
            stage,
            channel.getValue("topic", String.class),
            channel.getValue("group", String.class),
            channel
                .getOptionalValue("lock-ms", Long.class)
                .map(Duration::ofMillis)
                .orElse(QueueSettings.DEFAULT_LOCK),
            QueueSettings.DEFAULT_MAX_ATTEMPTS,
            channel
                .getOptionalValue("grace-ms", Long.class)
                .map(Duration::ofMillis)
                .orElse(QueueSettings.DEFAULT_SHUTDOWN_GRACE),
            channel
                .getOptionalValue("stall-ms", Long.class)
                .map(Duration::ofMillis)
                .orElse(QueueSettings.DEFAULT_STALL_LIMIT));
    int count = channel.getOptionalValue("slots", Integer.class).orElse(1);
    String name = channel.getValue(ConnectorFactory.CHANNEL_NAME_ATTRIBUTE, String.class);
    Intake intake = own(intakes, name, held -> true);
    Attempts counted = own(attempts, name, WorkItem::attempt);
    return Multi.createFrom()
        .emitter(
            out ->
                gate.whenOpen(
                    () ->
                        workers.add(
                            new ShareWorker(
                                queue,
                                client,
                                count,
                                intake,
                                counted,
                                id -> cancelled.get().contains(id),
                                item -> emit(item, out)))),
            BackPressureStrategy.BUFFER);
  }

  private static <T> T own(Instance<T> beans, String channel, T otherwise) {
    Instance<T> own = beans.select(Identifier.Literal.of(channel));
    return own.isResolvable() ? own.get() : otherwise;
  }

  private static CompletableFuture<Void> emit(WorkItem item, MultiEmitter<? super Message<?>> out) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    out.emit(
        Message.of(
            item,
            () -> {
              done.complete(null);
              return CompletableFuture.completedFuture(null);
            },
            failure -> {
              done.completeExceptionally(failure);
              return CompletableFuture.completedFuture(null);
            }));
    return done;
  }

  /** Whether every slot is a member of its group and takes records; true where there are none. */
  boolean polling() {
    return workers.stream().allMatch(ShareWorker::polling);
  }

  @Override
  public String name() {
    return "work";
  }

  /** Whether work does not end although it was told to. */
  @Override
  public boolean hangs() {
    return workers.stream().anyMatch(ShareWorker::hangs);
  }

  /** Before the outgoing channels close: what is being worked at still needs them. */
  void stop(@Observes @Priority(1) ShutdownEvent event) {
    workers.forEach(ShareWorker::end);
    workers.forEach(ShareWorker::close);
  }
}
