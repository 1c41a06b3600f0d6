package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A network that tells pictures which not everybody should see, as its manifest.json describes it.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of the graph
 * @param licence an SPDX expression
 * @param model path of the graph: pixels [1, 3, inputSize, inputSize], RGB in 0..1, to
 *     probabilities [1, classes]
 * @param classes by index of the probabilities
 * @param unsafe those of them that nobody should see unasked
 * @param files by path, ascending
 */
public record SafetyCheckerCard(
    String name,
    String digest,
    Path folder,
    String licence,
    String description,
    Instant created,
    String model,
    int inputSize,
    List<String> classes,
    List<String> unsafe,
    Map<String, ModelFile> files) {

  public SafetyCheckerCard {
    classes = List.copyOf(classes);
    unsafe = List.copyOf(unsafe);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** Where the graph lies. */
  public Path graph() {
    return listed().file(model);
  }

  /** What is wrong with the files, see {@link ModelCard#verify()}. */
  public List<String> verify() {
    return listed().verify();
  }

  private ListedFiles listed() {
    return new ListedFiles(Catalogue.SAFETY_CHECKERS + "/" + name, folder, files);
  }
}
