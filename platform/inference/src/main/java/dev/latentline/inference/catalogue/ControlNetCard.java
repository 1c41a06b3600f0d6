package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A ControlNet, a network that makes a U-Net follow a picture (Zhang et al. 2023,
 * arXiv:2302.05543), as its manifest.json describes it.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of the other files
 * @param families of the models whose U-Nets its residuals fit
 * @param licence an SPDX expression
 * @param model path of the graph: what the U-Net takes (of latents only those that are denoised),
 *     controlnet_cond [1 or rows, 3, height, width] in pixels, RGB in 0..1, and conditioning_scale
 *     to down_block_res_samples_n and mid_block_res_sample
 * @param files by path, ascending
 */
public record ControlNetCard(
    String name,
    String digest,
    Path folder,
    List<String> families,
    String licence,
    String description,
    Instant created,
    String model,
    Map<String, ModelFile> files)
    implements AddOn {

  public ControlNetCard {
    families = List.copyOf(families);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** Whether it can steer this model. */
  @Override
  public boolean fits(ModelCard model) {
    return families.contains(model.family()) && model.unet().controlled().isPresent();
  }

  /** Where the graph lies. */
  public Path graph() {
    return listed().file(model);
  }

  /** The weights of a graph that has none in it: weights.safetensors in its folder. */
  public Optional<Path> weights() {
    return listed().weightsOf(model);
  }

  /** What is wrong with the files, see {@link ModelCard#verify()}. */
  public List<String> verify() {
    return listed().verify();
  }

  private ListedFiles listed() {
    return new ListedFiles(Catalogue.CONTROLNETS + "/" + name, folder, files);
  }
}
