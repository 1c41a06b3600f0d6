package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;

/**
 * In what scale the network of a folder sees latents: (latent - shift_factor) * scaling_factor, as
 * the config.json of its autoencoder says. It was trained so, whichever autoencoder is named in
 * place of that one.
 */
final class LatentScale {
  private static final String SCALING = "scaling_factor";
  private static final List<String> FACTORS = List.of(SCALING, "shift_factor");

  /** With these diffusers scales each channel by itself. */
  private static final List<String> OF_CHANNELS = List.of("latents_mean", "latents_std");

  private LatentScale() {}

  /**
   * Puts what the folder says into a manifest that has the factors of the family; those that it
   * does not say stay.
   *
   * @param part the folder of the autoencoder, or of its decoder
   * @throws RefusedCheckpointException when it says what is not computed here
   */
  static void into(ObjectNode manifest, CheckpointFiles files, String part) throws IOException {
    String file = part + "/config.json";
    ObjectNode stated = files.json(file).orElse(null);
    if (stated == null) {
      return;
    }
    List<String> ofChannels = OF_CHANNELS.stream().filter(stated::hasNonNull).toList();
    if (!ofChannels.isEmpty()) {
      throw new RefusedCheckpointException(
          file
              + " has "
              + String.join(" and ", ofChannels)
              + ": each channel of its latents is scaled by itself, and such models are not computed"
              + " here");
    }
    for (String factor : FACTORS) {
      if (stated.hasNonNull(factor)) {
        manifest.withObject("/vae").put(factor, number(stated.get(factor), factor, file));
      }
    }
  }

  private static double number(JsonNode stated, String factor, String file) {
    if (stated.isNumber() && (!factor.equals(SCALING) || stated.asDouble() > 0)) {
      return stated.asDouble();
    }
    throw new RefusedCheckpointException(
        file
            + " says "
            + factor
            + " "
            + CheckpointImport.line(stated.toString())
            + ", by which latents cannot be scaled");
  }
}
