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

  /** Only a model whose weights are beside its graphs takes LoRAs. */
  private static final String WEIGHTS = "unet/weights.safetensors";

  private LocalModels() {}

  /**
   * Folder by folder, in each by name.
   *
   * @throws CliException when there is no such folder, or a manifest cannot be read
   */
  static List<Model> in(List<Path> catalogues) {
    List<JsonNode> loras =
        catalogues.stream()
            .map(catalogue -> catalogue.resolve(Catalogue.LORAS))
            .filter(Files::isDirectory)
            .flatMap(folder -> manifests(folder).stream())
            .toList();
    return catalogues.stream()
        .flatMap(catalogue -> manifests(catalogue).stream())
        .map(model -> Model.ofManifest(model, namesOf(loras, model)))
        .toList();
  }

  private static List<String> namesOf(List<JsonNode> loras, JsonNode model) {
    return loras.stream()
        .filter(lora -> model.path("files").has(WEIGHTS) && fits(lora, model))
        .map(lora -> lora.path("name").asText(""))
        .toList();
  }

  private static boolean fits(JsonNode lora, JsonNode model) {
    return StreamSupport.stream(lora.path("families").spliterator(), false)
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
