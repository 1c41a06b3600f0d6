package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A network that enlarges pictures, as its manifest.json describes it.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of the graph
 * @param licence an SPDX expression
 * @param model path of the graph: pixels [1, 3, height, width] to upscaled [1, 3, scale x height,
 *     scale x width], both RGB in 0..255; of any size
 * @param scale of one run: 2 or 4
 * @param tiling how large pictures are cut for it
 * @param files by path, ascending
 */
public record UpscalerCard(
    String name,
    String digest,
    Path folder,
    String licence,
    String description,
    Instant created,
    String model,
    int scale,
    Tiling tiling,
    Map<String, ModelFile> files) {

  /**
   * Tiles of a picture, in pixels of the input.
   *
   * @param overlap how far away something may lie that still counts
   * @param maxSide of a tile without its overlap; a multiple of multiple
   * @param multiple what tiles begin at multiples of, with and without their overlap: a network
   *     that takes so many pixels as one would see others otherwise
   */
  public record Tiling(int overlap, int maxSide, int multiple) {}

  public UpscalerCard {
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** The name with the digest. */
  public String reference() {
    return name + "@" + digest;
  }

  /** What width and height can be multiplied by, in one run or several; ascending, without 1. */
  public List<Integer> factors() {
    return Limits.UPSCALE_FACTORS.stream().filter(factor -> runs(factor) > 0).toList();
  }

  /** How many runs make a factor; 0 when none do. */
  public int runs(int factor) {
    int runs = 0;
    int made = 1;
    while (made < factor) {
      made *= scale;
      runs++;
    }
    return made == factor ? runs : 0;
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
    return new ListedFiles(Catalogue.UPSCALERS + "/" + name, folder, files);
  }
}
