package dev.latentline.inference.catalogue;

/** What lies beside the models of a catalogue and changes or steers them. */
sealed interface AddOn permits ControlNetCard, LoraCard, TextualInversionCard {
  /** Also the folder's. */
  String name();

  /** sha256:{hex} of its manifest.json. */
  String digest();

  /** Whether it is for this model. */
  boolean fits(ModelCard model);

  /** The name with the digest, as a request pins it. */
  default String reference() {
    return name() + "@" + digest();
  }
}
