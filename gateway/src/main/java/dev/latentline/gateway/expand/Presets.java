package dev.latentline.gateway.expand;

/** What an installation has for prompts to name. */
public record Presets(Wildcards wildcards, Styles styles) {
  /** Of one that has nothing. */
  public static final Presets NONE = new Presets(Wildcards.NONE, Styles.NONE);
}
