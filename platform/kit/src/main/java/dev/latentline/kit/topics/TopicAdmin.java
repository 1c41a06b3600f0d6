package dev.latentline.kit.topics;

import dev.latentline.contract.Topic;
import dev.latentline.kit.workqueue.QueueSettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * The contract's topics and share groups at a broker. Every method throws {@link KafkaException}
 * when the broker does not answer.
 */
public final class TopicAdmin implements AutoCloseable {
  private static final String SHARE_FEATURE = "share.version";
  private static final String LOCK_SETTING = "share.record.lock.duration.ms";
  private static final short MOST_COPIES = 3;

  private static final String WINDOW_SETTING = "share.partition.max.record.locks";

  /**
   * How many records may lie between the oldest unfinished one of a queue and the newest taken one,
   * finished ones included: beyond that nothing is taken until the oldest is finished. The most
   * that brokers can allow, what they allow unless told otherwise; their default is 2000.
   */
  private static final List<String> WINDOWS = List.of("10000", "4000");

  private final Admin admin;

  /**
   * @param client bootstrap servers and security
   */
  public TopicAdmin(Map<String, Object> client) {
    admin = Admin.create(client);
  }

  /** A topic of the contract as it exists once: of a family one per pool or stage. */
  public record Named(Topic topic, String name, Optional<String> group) {
    /** Every topic that a service with these pools and dead letters of these stages needs. */
    static List<Named> of(Topic topic, Collection<String> parts) {
      if (!topic.isFamily()) {
        return List.of(new Named(topic, topic.topicName(), group(topic)));
      }
      return parts.stream()
          .map(part -> new Named(topic, topic.topicName(part), group(topic, part)))
          .toList();
    }

    private static Optional<String> group(Topic topic, String... part) {
      return topic.kind() == Topic.Kind.QUEUE
          ? Optional.of(topic.shareGroup(part))
          : Optional.empty();
    }
  }

  /**
   * Makes what is missing: first the groups' settings, so that whoever sees a topic can join its
   * group.
   *
   * @param copies replication factor; absent: three, or as many as there are brokers
   */
  public void create(Collection<Named> topics, Optional<Short> copies) {
    Map<ConfigResource, Collection<AlterConfigOp>> groups =
        topics.stream()
            .flatMap(topic -> topic.group().stream())
            .collect(Collectors.toMap(TopicAdmin::group, group -> groupOperations()));
    if (!groups.isEmpty()) {
      answer(admin.incrementalAlterConfigs(groups).all());
      widenWindows(groups.keySet());
    }
    Set<String> existing = answer(admin.listTopics().names());
    short brokers = (short) answer(admin.describeCluster().nodes()).size();
    short factor = copies.orElse((short) Math.min(MOST_COPIES, brokers));
    for (Named topic : topics) {
      if (existing.contains(topic.name())) {
        continue;
      }
      Map<String, String> settings = new TreeMap<>(topic.topic().settings());
      settings.put("min.insync.replicas", factor >= 3 ? "2" : "1");
      NewTopic wanted =
          new NewTopic(topic.name(), topic.topic().partitions(), factor).configs(settings);
      try {
        answer(admin.createTopics(List.of(wanted)).all());
      } catch (TopicExistsException otherReplica) {
        // made meanwhile, with the same settings
      }
    }
  }

  /** A broker older than 4.4 has no such setting: its own default stays. */
  private void widenWindows(Collection<ConfigResource> groups) {
    for (String window : WINDOWS) {
      AlterConfigOp widen =
          new AlterConfigOp(new ConfigEntry(WINDOW_SETTING, window), AlterConfigOp.OpType.SET);
      try {
        answer(
            admin
                .incrementalAlterConfigs(
                    groups.stream()
                        .collect(Collectors.toMap(group -> group, group -> List.of(widen))))
                .all());
        return;
      } catch (InvalidConfigurationException refused) {
        // the next smaller one, or none
      }
    }
  }

  /**
   * What is not as the contract says; empty when work can begin. Missing things may still come;
   * what is {@link Problem#lasting} needs somebody.
   */
  public List<Problem> check(Collection<Named> topics) {
    List<Problem> problems = new ArrayList<>();
    FinalizedVersionRange shareGroups =
        answer(admin.describeFeatures().featureMetadata()).finalizedFeatures().get(SHARE_FEATURE);
    if (shareGroups == null || shareGroups.maxVersionLevel() < 1) {
      return List.of(
          new Problem(
              "the broker has no share groups (feature "
                  + SHARE_FEATURE
                  + "): Latentline needs Kafka 4.2 or newer",
              true));
    }
    Set<String> existing = answer(admin.listTopics().names());
    checkPartitions(topics.stream().filter(t -> existing.contains(t.name())).toList(), problems);
    for (Named topic : topics) {
      if (!existing.contains(topic.name())) {
        problems.add(new Problem("topic " + topic.name() + " does not exist", false));
      } else {
        checkSettings(topic, problems);
      }
      topic.group().ifPresent(group -> checkGroup(group, problems));
    }
    return problems;
  }

  /** Of a queue any number will do; of what is read partition by partition there must be all. */
  private void checkPartitions(List<Named> topics, List<Problem> problems) {
    Map<String, TopicDescription> found =
        answer(admin.describeTopics(topics.stream().map(Named::name).toList()).allTopicNames());
    for (Named topic : topics) {
      int partitions = found.get(topic.name()).partitions().size();
      int wanted = topic.topic().partitions();
      if (topic.topic().kind() != Topic.Kind.QUEUE && partitions != wanted) {
        problems.add(
            new Problem(
                String.format(
                    "topic %s has %d partitions: make it anew with %d, which are what is read",
                    topic.name(), partitions, wanted),
                true));
      }
    }
  }

  /**
   * The topics of which there are fewer copies than there would be now: made before all brokers
   * were there, say. They work until a disk is lost.
   *
   * @param copies as for {@link #create}
   */
  public List<String> withFewCopies(Collection<Named> topics, Optional<Short> copies) {
    int brokers = answer(admin.describeCluster().nodes()).size();
    int wanted = copies.map(Short::intValue).orElse(Math.min(MOST_COPIES, brokers));
    return answer(admin.describeTopics(topics.stream().map(Named::name).toList()).allTopicNames())
        .values()
        .stream()
        .filter(
            topic -> topic.partitions().stream().anyMatch(one -> one.replicas().size() < wanted))
        .map(TopicDescription::name)
        .sorted()
        .toList();
  }

  private void checkSettings(Named topic, List<Problem> problems) {
    Config config = describe(new ConfigResource(ConfigResource.Type.TOPIC, topic.name()));
    String policy = topic.topic().settings().get("cleanup.policy");
    if (!policy.equals(config.get("cleanup.policy").value())) {
      problems.add(
          new Problem(
              String.format(
                  "topic %s has cleanup.policy=%s: records could be dropped that are still needed,"
                      + " set it to %s",
                  topic.name(), config.get("cleanup.policy").value(), policy),
              true));
    }
    String largest = topic.topic().settings().get("max.message.bytes");
    String taken = config.get("max.message.bytes").value();
    if (Long.parseLong(taken) < Long.parseLong(largest)) {
      problems.add(
          new Problem(
              String.format(
                  "topic %s has max.message.bytes=%s: large records would be refused, set it to %s"
                      + " or more",
                  topic.name(), taken, largest),
              true));
    }
    String wanted = topic.topic().settings().get("retention.ms");
    if (wanted != null) {
      checkRetention(topic, config, wanted, problems);
    }
  }

  private void checkRetention(Named topic, Config config, String wanted, List<Problem> problems) {
    long kept = Long.parseLong(config.get("retention.ms").value());
    if (kept >= 0 && kept < Long.parseLong(wanted)) {
      problems.add(
          new Problem(
              String.format(
                  "topic %s keeps records for %d ms: work could be dropped while it waits, set"
                      + " retention.ms to %s or more",
                  topic.name(), kept, wanted),
              true));
    }
    String bytes = config.get("retention.bytes").value();
    if (!"-1".equals(bytes)) {
      problems.add(
          new Problem(
              String.format(
                  "topic %s has retention.bytes=%s: work could be dropped while it waits, set it"
                      + " to -1",
                  topic.name(), bytes),
              true));
    }
  }

  private void checkGroup(String group, List<Problem> problems) {
    Config config = describe(group(group));
    ConfigEntry reset = config.get("share.auto.offset.reset");
    if (reset == null || !"earliest".equals(reset.value())) {
      // whoever sets this one sets the others with it
      problems.add(
          new Problem(
              "share group " + group + " has no setting share.auto.offset.reset=earliest", false));
      return;
    }
    ConfigEntry lock = config.get(LOCK_SETTING);
    String assumed = Long.toString(QueueSettings.DEFAULT_LOCK.toMillis());
    if (lock != null && !assumed.equals(lock.value())) {
      problems.add(
          new Problem(
              String.format(
                  "share group %s has %s=%s: leases would lapse before they are renewed, or be held"
                      + " for too long, set it to %s",
                  group, LOCK_SETTING, lock.value(), assumed),
              true));
    }
  }

  /** How many partitions a topic has. */
  public int partitions(String topic) {
    return answer(admin.describeTopics(List.of(topic)).allTopicNames())
        .get(topic)
        .partitions()
        .size();
  }

  /** The end of a partition: the offset that the next record gets. */
  public long endOffset(TopicPartition partition) {
    return answer(
            admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition))
        .offset();
  }

  /** The offset of the oldest record that is kept, or the end. */
  public long beginningOffset(TopicPartition partition) {
    return answer(
            admin.listOffsets(Map.of(partition, OffsetSpec.earliest())).partitionResult(partition))
        .offset();
  }

  private Config describe(ConfigResource resource) {
    return answer(admin.describeConfigs(List.of(resource)).all()).get(resource);
  }

  private static ConfigResource group(String name) {
    return new ConfigResource(ConfigResource.Type.GROUP, name);
  }

  private static Collection<AlterConfigOp> groupOperations() {
    Map<String, String> settings =
        Map.of(
            // the default "latest" loses what was written before the first member came
            "share.auto.offset.reset",
            "earliest",
            LOCK_SETTING,
            Long.toString(QueueSettings.DEFAULT_LOCK.toMillis()),
            "share.delivery.count.limit",
            Integer.toString(QueueSettings.DELIVERY_COUNT_LIMIT));
    return settings.entrySet().stream()
        .map(
            entry ->
                new AlterConfigOp(
                    new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET))
        .toList();
  }

  private static <T> T answer(org.apache.kafka.common.KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new org.apache.kafka.common.errors.InterruptException(e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
    }
  }

  @Override
  public void close() {
    admin.close(java.time.Duration.ofSeconds(2));
  }

  /**
   * Something that keeps work from beginning.
   *
   * @param lasting whether waiting cannot help
   */
  public record Problem(String text, boolean lasting) {}
}
