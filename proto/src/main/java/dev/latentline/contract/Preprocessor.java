package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What becomes of a picture before a ControlNet sees it, by the names in the API and in records.
 */
public enum Preprocessor {
  /** It is one already. */
  NONE("none"),
  /** Its edges, white on black (Canny 1986, doi:10.1109/TPAMI.1986.4767851). */
  CANNY("canny");

  private final String id;

  Preprocessor(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }

  public static Optional<Preprocessor> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(Preprocessor::id).toList();
  }
}
