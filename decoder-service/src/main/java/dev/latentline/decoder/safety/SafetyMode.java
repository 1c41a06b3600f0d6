package dev.latentline.decoder.safety;

/** What happens to a picture that the safety checker finds unsafe. */
public enum SafetyMode {
  /** No checker looks at any picture. */
  OFF,
  /** It is stored, and marked. */
  FLAG,
  /** It is stored blurred, and marked. */
  BLUR,
  /** It is not stored; the image fails. */
  REJECT
}
