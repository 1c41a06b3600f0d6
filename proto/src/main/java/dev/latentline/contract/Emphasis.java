package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What the weights that are written into prompts do, by the names in the API and in records; those
 * that AUTOMATIC1111 offers.
 */
public enum Emphasis {
  /** States are multiplied, and then all of a chunk so that their mean is as before. */
  ORIGINAL("original", "Original"),
  /** States are multiplied. */
  NO_NORM("no_norm", "No norm"),
  /** Weights are read and have no effect. */
  IGNORE("ignore", "Ignore"),
  /** Nothing is read as a weight: its brackets are text. */
  NONE("none", "None");

  private final String id;
  private final String label;

  Emphasis(String id, String label) {
    this.id = id;
    this.label = label;
  }

  public String id() {
    return id;
  }

  /** The name that AUTOMATIC1111's infotext uses. */
  public String label() {
    return label;
  }

  public static Optional<Emphasis> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(Emphasis::id).toList();
  }
}
