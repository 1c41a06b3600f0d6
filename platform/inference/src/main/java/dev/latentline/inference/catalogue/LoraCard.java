package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A LoRA, low-rank changes of a model's weights, as its manifest.json describes it.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of the weights
 * @param families of the models whose weights it fits
 * @param parts the folders of a model's graphs whose weights it changes
 * @param licence an SPDX expression
 * @param weights path of its safetensors file, whose layout {@link
 *     dev.latentline.inference.lora.LoraWeights} says
 * @param files by path, ascending
 */
public record LoraCard(
    String name,
    String digest,
    Path folder,
    List<String> families,
    List<String> parts,
    String licence,
    String description,
    Instant created,
    String weights,
    Map<String, ModelFile> files)
    implements AddOn {

  public LoraCard {
    families = List.copyOf(families);
    parts = List.copyOf(parts);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** Whether it can change this model. */
  @Override
  public boolean fits(ModelCard model) {
    return families.contains(model.family()) && model.takesLoras();
  }

  /** Where the weights lie. */
  public Path file() {
    return listed().file(weights);
  }

  /** What is wrong with the files, see {@link ModelCard#verify()}. */
  public List<String> verify() {
    return listed().verify();
  }

  private ListedFiles listed() {
    return new ListedFiles(Catalogue.LORAS + "/" + name, folder, files);
  }
}
