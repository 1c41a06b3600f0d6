package dev.latentline.contract;

/** Headers of Kafka records. Values are UTF-8. */
public final class HeaderNames {
  /** The major version of the messages; a reader refuses one that it does not know. */
  public static final String SCHEMA_VERSION = "schema-version";

  public static final String SCHEMA_VERSION_VALUE = "1";

  /** CloudEvents 1.0, Kafka binding, binary mode. */
  public static final String CE_SPECVERSION = "ce_specversion";

  public static final String CE_ID = "ce_id";
  public static final String CE_SOURCE = "ce_source";
  public static final String CE_TYPE = "ce_type";

  /** W3C Trace Context, passed on unchanged. */
  public static final String TRACEPARENT = "traceparent";

  public static final String GENERATION_ID = "generation-id";

  /** Unix milliseconds. */
  public static final String DEADLINE = "deadline-ms";

  /** Attempts before this copy of the record was published, by a worker that handed it on. */
  public static final String ATTEMPTS = "attempts";

  /** All headers of a dead letter begin so; those that a record brought along are dropped. */
  public static final String DEAD_LETTER_PREFIX = "dead-letter-";

  public static final String DEAD_LETTER_CODE = DEAD_LETTER_PREFIX + "code";
  public static final String DEAD_LETTER_MESSAGE = DEAD_LETTER_PREFIX + "message";
  public static final String DEAD_LETTER_STAGE = DEAD_LETTER_PREFIX + "stage";
  public static final String DEAD_LETTER_ATTEMPTS = DEAD_LETTER_PREFIX + "attempts";
  public static final String DEAD_LETTER_TOPIC = DEAD_LETTER_PREFIX + "topic";
  public static final String DEAD_LETTER_PARTITION = DEAD_LETTER_PREFIX + "partition";
  public static final String DEAD_LETTER_OFFSET = DEAD_LETTER_PREFIX + "offset";

  /** A trailer of gRPC: the code of what the status says. */
  public static final String CODE = "latentline-code";

  private HeaderNames() {}
}
