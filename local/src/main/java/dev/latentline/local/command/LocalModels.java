package dev.latentline.local.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.local.CliException;
import dev.latentline.local.client.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The models in the catalogue folders of this machine, read without starting anything. */
final class LocalModels {
  private static final String MANIFEST = "manifest.json";

  /** Only a model whose weights are beside its graphs can be changed. */
  private static final String WEIGHTS = "unet/weights.safetensors";

  private LocalModels() {}

  /**
   * Folder by folder, in each by name.
   *
   * @throws CliException when there is no such folder, or a manifest cannot be read
   */
  static List<Model> in(List<Path> catalogues) {
    List<JsonNode> loras = changes(catalogues, Catalogue.LORAS);
    List<JsonNode> inversions = changes(catalogues, Catalogue.TEXTUAL_INVERSIONS);
    return catalogues.stream()
        .flatMap(catalogue -> manifests(catalogue).stream())
        .map(model -> Model.ofManifest(model, namesOf(loras, model), namesOf(inversions, model)))
        .toList();
  }

  private static List<JsonNode> changes(List<Path> catalogues, String kind) {
    return catalogues.stream()
        .map(catalogue -> catalogue.resolve(kind))
        .filter(Files::isDirectory)
        .flatMap(folder -> manifests(folder).stream())
        .toList();
  }

  private static List<String> namesOf(List<JsonNode> changes, JsonNode model) {
    return changes.stream()
        .filter(change -> model.path("files").has(WEIGHTS) && fits(change, model))
        .map(change -> change.path("name").asText(""))
        .toList();
  }

  private static boolean fits(JsonNode change, JsonNode model) {
    return StreamSupport.stream(change.path("families").spliterator(), false)
        .anyMatch(family -> family.equals(model.path("family")));
  }

  private static List<JsonNode> manifests(Path catalogue) {
    try (Stream<Path> folders = Files.list(catalogue)) {
      List<JsonNode> manifests = new ArrayList<>();
      for (Path folder : folders.sorted().toList()) {
        if (Files.isRegularFile(folder.resolve(MANIFEST))) {
          manifests.add(new ObjectMapper().readTree(folder.resolve(MANIFEST).toFile()));
        }
      }
      return manifests;
    } catch (IOException e) {
      throw CliException.failed(
          "cannot read the models in "
              + catalogue
              + " ("
              + e
              + "): run mvn -Dquick package, or set LATENTLINE_MODELS");
    }
  }
}
