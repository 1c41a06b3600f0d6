package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What is wrong with one manifest, for those who have just written it. Each list is empty when what
 * the manifest describes can be used.
 */
public final class ManifestProblems {
  private ManifestProblems() {}

  public static List<String> ofModel(Path folder) {
    return noted(problems -> CatalogueReader.model(folder, problems));
  }

  public static List<String> ofLora(Path folder) {
    return noted(problems -> new AddOnReader(folder, Catalogue.LORAS, problems).lora());
  }

  public static List<String> ofTextualInversion(Path folder) {
    return noted(
        problems ->
            new AddOnReader(folder, Catalogue.TEXTUAL_INVERSIONS, problems).textualInversion());
  }

  public static List<String> ofControlNet(Path folder) {
    return noted(problems -> new AddOnReader(folder, Catalogue.CONTROLNETS, problems).controlNet());
  }

  public static List<String> ofUpscaler(Path folder) {
    return noted(
        problems -> new PostprocessorReader(folder, Catalogue.UPSCALERS, problems).upscaler());
  }

  private static List<String> noted(Consumer<List<String>> read) {
    List<String> problems = new ArrayList<>();
    read.accept(problems);
    return problems;
  }
}
