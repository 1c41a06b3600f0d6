package dev.latentline.inference.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to import, and where to.
 *
 * @param checkpoint a .safetensors file, or a folder as diffusers writes it
 * @param vae a file with the autoencoder that is used instead of the checkpoint's
 * @param sha256 what the checkpoint's file must have, in lower-case hex
 * @param name of the model
 * @param licence an SPDX expression; without one the checkpoint's own, or that it is not known
 * @param prediction where the checkpoint does not say
 * @param templates folders with graph templates; the first has the tokenizer
 * @param models the folder that the model's folder is made in
 * @param replace whether a model of that name may be there already
 */
public record ImportOrder(
    Path checkpoint,
    Optional<Path> vae,
    Optional<String> sha256,
    String name,
    Optional<String> licence,
    Optional<Prediction> prediction,
    List<Path> templates,
    Path models,
    boolean replace) {
  /** All of a checkpoint, as it says itself, to where nothing is yet. */
  public static ImportOrder of(Path checkpoint, String name, List<Path> templates, Path models) {
    return new ImportOrder(
        checkpoint,
        Optional.empty(),
        Optional.empty(),
        name,
        Optional.empty(),
        Optional.empty(),
        templates,
        models,
        false);
  }
}
