package dev.latentline.contract;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The topics: what each is called, who writes and reads it, and the settings that the gateway
 * creates it with.
 *
 * <p>Nothing else in the code base names a topic. A test of each service holds its channels against
 * this table.
 */
public enum Topic {
  /** Facts; the only truth. Key: generation id. Value: GenerationEvent. */
  GENERATION_EVENT(
      "generation.event", Kind.BROADCAST, 8, true, Set.of(Stage.values()), Set.of(Stage.GATEWAY)),
  /** A generation is let into the line. Key: generation id. Value: GenerationRequested. */
  GENERATION_REQUESTED(
      "generation.requested", Kind.QUEUE, 1, true, Set.of(Stage.GATEWAY), Set.of(Stage.PROMPT)),
  /** Key: generation id. Value: PromptTokenized. */
  PROMPT_TOKENIZED(
      "prompt.tokenized", Kind.QUEUE, 1, true, Set.of(Stage.PROMPT), Set.of(Stage.ENCODER)),
  /** One topic per pool. Key: image task. Value: EmbeddingReady. */
  EMBEDDING_READY(
      "embedding.ready", Kind.QUEUE, 1, true, Set.of(Stage.ENCODER), Set.of(Stage.DENOISER)),
  /** Key: image task. Value: LatentDenoised. */
  LATENT_DENOISED(
      "latent.denoised", Kind.QUEUE, 1, true, Set.of(Stage.DENOISER), Set.of(Stage.DECODER)),
  /** Steps done. Key: generation id. Value: Progress. Shown, never folded. */
  GENERATION_PROGRESS(
      "generation.progress",
      Kind.BROADCAST,
      4,
      false,
      Set.of(Stage.DENOISER),
      Set.of(Stage.GATEWAY)),
  /** Orders to all stages. Key: generation id. Value: Control. */
  GENERATION_CONTROL(
      "generation.control",
      Kind.BROADCAST,
      1,
      true,
      Set.of(Stage.GATEWAY),
      Set.of(Stage.PROMPT, Stage.ENCODER, Stage.DENOISER, Stage.DECODER)),
  /** One topic per stage: records that its worker gave up. Key and value: as they were. */
  DEAD_LETTER(
      "dlq",
      Kind.BROADCAST,
      1,
      true,
      Set.of(Stage.PROMPT, Stage.ENCODER, Stage.DENOISER, Stage.DECODER),
      Set.of(Stage.GATEWAY)),
  /** Deliveries under way. Key: webhook id. Value: WebhookDelivery, or a tombstone. */
  WEBHOOK_DELIVERY(
      "webhook.delivery", Kind.COMPACTED, 4, false, Set.of(Stage.GATEWAY), Set.of(Stage.GATEWAY));

  /** How a topic is read and kept. */
  public enum Kind {
    /**
     * Read through a share group: one worker gets a record and acknowledges it on its own. Has one
     * partition, which all workers share: of several each worker would be given some, and a record
     * would wait for a worker that is busy while another has nothing to do.
     */
    QUEUE,
    /** Read by every replica from the start of its retention. */
    BROADCAST,
    /** Read by every replica; only the newest record of a key is kept. */
    COMPACTED
  }

  /** A record may be as large as an inline payload plus what surrounds it. */
  public static final int MAX_RECORD_BYTES = 2 * 1024 * 1024;

  /** What waits is never dropped: the longest deadline and a day. */
  public static final Duration WORK_RETENTION = Limits.MAX_DEADLINE.plus(Duration.ofHours(24));

  /** Progress is of use only while it is shown. */
  public static final Duration PROGRESS_RETENTION = Duration.ofMinutes(10);

  private final String base;
  private final Kind kind;
  private final int partitions;
  private final boolean keptForWork;
  private final Set<Stage> writers;
  private final Set<Stage> readers;

  Topic(
      String base,
      Kind kind,
      int partitions,
      boolean keptForWork,
      Set<Stage> writers,
      Set<Stage> readers) {
    this.base = base;
    this.kind = kind;
    this.partitions = partitions;
    this.keptForWork = keptForWork;
    this.writers = writers;
    this.readers = readers;
  }

  /** The name of a topic that exists once. */
  public String topicName() {
    if (isFamily()) {
      throw new IllegalStateException(base + " exists per pool or stage: use topicName(part)");
    }
    return base;
  }

  /**
   * The name of a topic that exists once per pool ({@link #EMBEDDING_READY}) or per stage ({@link
   * #DEAD_LETTER}).
   */
  public String topicName(String part) {
    if (!isFamily()) {
      throw new IllegalStateException(base + " exists once: use topicName()");
    }
    return base + "." + part;
  }

  /** Whether there is one topic per pool or stage. */
  public boolean isFamily() {
    return this == EMBEDDING_READY || this == DEAD_LETTER;
  }

  public Kind kind() {
    return kind;
  }

  public int partitions() {
    return partitions;
  }

  public Set<Stage> writers() {
    return writers;
  }

  public Set<Stage> readers() {
    return readers;
  }

  /** The share group of a queue; of {@link #EMBEDDING_READY} one per pool. */
  public String shareGroup(String... pool) {
    if (kind != Kind.QUEUE) {
      throw new IllegalStateException(base + " is not a work queue");
    }
    String reader = readers.iterator().next().id();
    return isFamily() ? "latentline." + reader + "." + pool[0] : "latentline." + reader;
  }

  /** The broker's settings of the topic, by their Kafka names. */
  public Map<String, String> settings() {
    String size = Integer.toString(MAX_RECORD_BYTES);
    if (kind == Kind.COMPACTED) {
      return Map.of("cleanup.policy", "compact", "max.message.bytes", size);
    }
    Duration kept = keptForWork ? WORK_RETENTION : PROGRESS_RETENTION;
    return Map.of(
        "cleanup.policy",
        "delete",
        "retention.ms",
        Long.toString(kept.toMillis()),
        "retention.bytes",
        "-1",
        "max.message.bytes",
        size);
  }

  /** Every topic that exists when there are these pools, by name. */
  public static List<String> allNames(Iterable<String> pools) {
    List<String> names = new ArrayList<>();
    for (Topic topic : values()) {
      switch (topic) {
        case EMBEDDING_READY -> pools.forEach(pool -> names.add(topic.topicName(pool)));
        case DEAD_LETTER ->
            topic.writers.stream()
                .map(Stage::id)
                .sorted()
                .forEach(stage -> names.add(topic.topicName(stage)));
        default -> names.add(topic.topicName());
      }
    }
    return names;
  }
}
