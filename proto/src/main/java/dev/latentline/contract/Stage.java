package dev.latentline.contract;

/** The services of the line, in the order in which a picture passes them. */
public enum Stage {
  GATEWAY("gateway"),
  PROMPT("prompt"),
  ENCODER("encoder"),
  DENOISER("denoiser"),
  DECODER("decoder");

  private final String id;

  Stage(String id) {
    this.id = id;
  }

  /**
   * The stage by its name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Stage byId(String id) {
    for (Stage stage : values()) {
      if (stage.id.equals(id)) {
        return stage;
      }
    }
    throw new IllegalArgumentException("latentline.stage is no stage: " + id);
  }

  /** The name in topics, groups, events, logs and configuration. */
  public String id() {
    return id;
  }
}
