package dev.latentline.contract;

import java.util.Locale;

/** Names of objects in the store. */
public final class ObjectKeys {
  /** Where the tensors are that were too large for a record. */
  public static final String PAYLOADS = "payloads/";

  /** Where step records and notes of begun attempts are. */
  public static final String STEPS = "steps/";

  /** Where it stands what clients' Idempotency-Keys stand for. */
  public static final String IDEMPOTENCY_KEYS = "keys/";

  private ObjectKeys() {}

  public static String image(String tenant, String generationId, int index, String extension) {
    return images(tenant, generationId) + index + "." + extension;
  }

  /** What is known of one picture, beside it. */
  public static String imageRecord(String tenant, String generationId, int index) {
    return images(tenant, generationId) + index + ".json";
  }

  /** Everything that reproduces a generation. */
  public static String manifest(String tenant, String generationId) {
    return images(tenant, generationId) + "manifest.json";
  }

  public static String payload(String tenant, String sha256) {
    return PAYLOADS + tenant + "/" + sha256;
  }

  /** A picture that a client sent to have others made of it or steered by it. */
  public static String input(String tenant, String sha256) {
    return "inputs/" + tenant + "/" + sha256;
  }

  /** Where every step record of a generation is. */
  public static String steps(String tenant, String generationId) {
    return STEPS + tenant + "/" + generationId + "/";
  }

  /** The newest step record of one picture. */
  public static String latestStep(String tenant, ImageTask task) {
    return steps(tenant, task.generationId()) + task.index() + "/latest";
  }

  /**
   * Where it stands which attempts at a picture were begun, in the order of their names.
   *
   * @see #begunAttempt
   */
  public static String begunAttempts(String tenant, ImageTask task) {
    return steps(tenant, task.generationId()) + task.index() + "/begun/";
  }

  /**
   * That an attempt at a picture was begun; an object without content.
   *
   * @param attempt from 0, below 10,000
   */
  public static String begunAttempt(String tenant, ImageTask task, int attempt) {
    return begunAttempts(tenant, task) + String.format(Locale.ROOT, "%04d", attempt);
  }

  /** What a client's Idempotency-Key stands for. */
  public static String idempotencyKey(String tenant, String hmac) {
    return IDEMPOTENCY_KEYS + tenant + "/" + hmac;
  }

  /** Where the pictures of a generation are, with what is known of them. */
  public static String images(String tenant, String generationId) {
    return "images/" + tenant + "/" + generationId + "/";
  }
}
