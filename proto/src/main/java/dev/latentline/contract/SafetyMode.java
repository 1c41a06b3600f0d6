package dev.latentline.contract;

/**
 * What happens to a picture that the safety checker finds unsafe: {@code latentline.safety} of all
 * services that show pictures.
 */
public enum SafetyMode {
  /** No checker looks at any picture. */
  OFF,
  /** It is stored, and marked. */
  FLAG,
  /** It is stored blurred, and marked. */
  BLUR,
  /** It is not stored; the image fails. */
  REJECT;

  /** Whether clients may see what no checker has judged, such as a preview. */
  public boolean showsUnjudged() {
    return this == OFF || this == FLAG;
  }
}
