package dev.latentline.testkit;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/** Makes the contract's topics at a test broker. */
public final class Topics {
  private Topics() {}

  /** All topics with their settings and those of their share groups; what exists stays. */
  public static void create(String bootstrapServers, String... pools) {
    List<NewTopic> topics = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    for (Topic topic : Topic.values()) {
      if (topic == Topic.EMBEDDING_READY) {
        for (String pool : pools) {
          topics.add(described(topic, topic.topicName(pool)));
          groups.add(topic.shareGroup(pool));
        }
      } else if (topic == Topic.DEAD_LETTER) {
        for (Stage stage : topic.writers()) {
          topics.add(described(topic, topic.topicName(stage.id())));
        }
      } else {
        topics.add(described(topic, topic.topicName()));
        if (topic.kind() == Topic.Kind.QUEUE) {
          groups.add(topic.shareGroup());
        }
      }
    }
    try (Admin admin = admin(bootstrapServers)) {
      readFromTheBeginning(admin, groups);
      createAll(admin, topics);
    }
  }

  /** One topic that the contract does not know, with one partition; what exists stays. */
  public static void create(String bootstrapServers, String topic, int partitions) {
    try (Admin admin = admin(bootstrapServers)) {
      createAll(
          admin, List.of(new NewTopic(topic, Optional.of(partitions), Optional.of((short) 1))));
    }
  }

  /** Lets a share group read what was written before its first member came. */
  public static void readFromTheBeginning(String bootstrapServers, String group) {
    try (Admin admin = admin(bootstrapServers)) {
      readFromTheBeginning(admin, List.of(group));
    }
  }

  private static void readFromTheBeginning(Admin admin, List<String> groups) {
    List<AlterConfigOp> settings =
        List.of(
            new AlterConfigOp(
                new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET),
            // as the gateway sets it: a service does not start with another
            new AlterConfigOp(
                new ConfigEntry("share.record.lock.duration.ms", "15000"),
                AlterConfigOp.OpType.SET),
            new AlterConfigOp(
                new ConfigEntry("share.delivery.count.limit", "10"), AlterConfigOp.OpType.SET));
    Map<ConfigResource, java.util.Collection<AlterConfigOp>> changes = new HashMap<>();
    for (String group : groups) {
      changes.put(new ConfigResource(ConfigResource.Type.GROUP, group), settings);
    }
    await(admin.incrementalAlterConfigs(changes).all());
  }

  private static NewTopic described(Topic topic, String name) {
    return new NewTopic(name, Optional.of(topic.partitions()), Optional.of((short) 1))
        .configs(topic.settings());
  }

  private static void createAll(Admin admin, List<NewTopic> topics) {
    for (KafkaFuture<Void> created : admin.createTopics(topics).values().values()) {
      try {
        await(created);
      } catch (TopicExistsException e) {
        continue;
      }
    }
  }

  private static Admin admin(String bootstrapServers) {
    return Admin.create(
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            (int) Duration.ofSeconds(30).toMillis()));
  }

  private static <T> T await(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
