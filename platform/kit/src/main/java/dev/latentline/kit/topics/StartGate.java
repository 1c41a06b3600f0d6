package dev.latentline.kit.topics;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.kit.control.CancelledGenerations;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Holds a service back until it can work: the broker answers, the topics and groups are as the
 * contract says (the gateway makes them), and the orders on generation.control are read. The
 * process starts in any order with the others; it is live meanwhile, and not ready.
 */
@ApplicationScoped
public class StartGate {
  /**
   * The start-up priority of what a service reads and loads: before it waits for the broker, so
   * that what is wrong with it is told at once, and that both take their time together.
   */
  public static final int BEFORE = 50;

  private static final int WAIT = 100;

  private static final Logger LOG = Logger.getLogger(StartGate.class);
  private static final long PAUSE_MILLIS = 250;
  private static final long LOG_EVERY_MILLIS = 5_000;

  private final Map<String, Object> client;
  private final Stage stage;
  private final TopicSettings settings;
  private final Collection<String> pools;
  private final Instance<CancelledGenerations> cancelled;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final List<Runnable> waiting = new ArrayList<>();
  private boolean open;

  StartGate(
      @Identifier("default-kafka-broker") Map<String, Object> client,
      @ConfigProperty(name = "latentline.stage") String stage,
      @ConfigProperty(name = "latentline.pool", defaultValue = "default") String pool,
      TopicSettings settings,
      Instance<PoolNames> pools,
      Instance<CancelledGenerations> cancelled) {
    this.client = new HashMap<>(client);
    // an unknown broker is told at once; waiting is done here, where it can be logged
    this.client.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 5_000);
    this.client.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
    this.stage = Stage.byId(stage);
    this.settings = settings;
    this.pools = pools.isResolvable() ? pools.get().names() : List.of(pool);
    this.cancelled = cancelled;
  }

  /** Before the channels start (SmallRye's own observer has priority 1000). */
  void awaitTopics(@Observes @Priority(WAIT) StartupEvent event) throws InterruptedException {
    Thread onExit = new Thread(stopping::countDown);
    Runtime.getRuntime().addShutdownHook(onExit);
    try (TopicAdmin admin = new TopicAdmin(client)) {
      List<TopicAdmin.Named> topics = topics();
      long lastLogged = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(LOG_EVERY_MILLIS);
      while (true) {
        List<TopicAdmin.Problem> problems = attempt(admin, topics);
        if (problems.isEmpty()) {
          tellOfFewCopies(admin, topics);
          return;
        }
        String text =
            problems.stream().map(TopicAdmin.Problem::text).collect(Collectors.joining("; "));
        if (problems.stream().anyMatch(TopicAdmin.Problem::lasting)) {
          throw new IllegalStateException(text);
        }
        long now = System.nanoTime();
        if (now - lastLogged >= TimeUnit.MILLISECONDS.toNanos(LOG_EVERY_MILLIS)) {
          LOG.infof("waiting: %s", text);
          lastLogged = now;
        }
        if (stopping.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new IllegalStateException("stopped while waiting: " + text);
        }
      }
    } finally {
      removeHook(onExit);
    }
  }

  private void tellOfFewCopies(TopicAdmin admin, List<TopicAdmin.Named> topics) {
    if (stage != Stage.GATEWAY) {
      return;
    }
    List<String> few = admin.withFewCopies(topics, settings.replicationFactor());
    if (!few.isEmpty()) {
      LOG.warnf(
          "topics of which there are fewer copies than brokers allow, so that a lost disk loses"
              + " work: %s; kafka-reassign-partitions.sh gives them more",
          String.join(", ", few));
    }
  }

  private List<TopicAdmin.Problem> attempt(TopicAdmin admin, List<TopicAdmin.Named> topics) {
    try {
      if (stage == Stage.GATEWAY && settings.manage()) {
        admin.create(topics, settings.replicationFactor());
      }
      return admin.check(topics);
    } catch (KafkaException e) {
      return List.of(
          new TopicAdmin.Problem(
              "the broker at "
                  + client.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)
                  + " does not answer ("
                  + e.getClass().getSimpleName()
                  + ")",
              false));
    }
  }

  /** The gateway needs all topics, a stage those that it writes or reads. */
  private List<TopicAdmin.Named> topics() {
    List<TopicAdmin.Named> topics = new ArrayList<>();
    for (Topic topic : Topic.values()) {
      if (stage == Stage.GATEWAY
          || topic.writers().contains(stage)
          || topic.readers().contains(stage)) {
        topics.addAll(TopicAdmin.Named.of(topic, parts(topic)));
      }
    }
    return topics;
  }

  private Collection<String> parts(Topic topic) {
    if (topic == Topic.EMBEDDING_READY) {
      return pools;
    }
    return stage == Stage.GATEWAY
        ? topic.writers().stream().map(Stage::id).sorted().toList()
        : List.of(stage.id());
  }

  /** After the channels have started: reads the orders to their end, then lets the queues begin. */
  void open(@Observes @Priority(3000) StartupEvent event) throws InterruptedException {
    if (cancelled.isResolvable()) {
      TopicPartition control = new TopicPartition(Topic.GENERATION_CONTROL.topicName(), 0);
      try (TopicAdmin admin = new TopicAdmin(client)) {
        long end = admin.endOffset(control);
        if (admin.beginningOffset(control) < end) {
          cancelled.get().awaitPosition(end);
        }
      }
    }
    List<Runnable> due;
    synchronized (this) {
      open = true;
      due = List.copyOf(waiting);
      waiting.clear();
    }
    due.forEach(Runnable::run);
    LOG.infof("the %s is open for work", stage.id());
  }

  /** Runs the action when the gate opens, at once when it is open. */
  public void whenOpen(Runnable action) {
    synchronized (this) {
      if (!open) {
        waiting.add(action);
        return;
      }
    }
    action.run();
  }

  public synchronized boolean isOpen() {
    return open;
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException alreadyStopping) {
      // it has run
    }
  }
}
