package dev.latentline.local.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.local.CliException;
import dev.latentline.local.client.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The models in the catalogue folders of this machine, read without starting anything. */
final class LocalModels {
  private static final String MANIFEST = "manifest.json";

  private LocalModels() {}

  /**
   * Folder by folder, in each by name.
   *
   * @throws CliException when there is no such folder, or a manifest cannot be read
   */
  static List<Model> in(List<Path> catalogues) {
    return catalogues.stream().flatMap(catalogue -> in(catalogue).stream()).toList();
  }

  private static List<Model> in(Path catalogue) {
    try (Stream<Path> folders = Files.list(catalogue)) {
      List<Model> models = new ArrayList<>();
      for (Path folder : folders.sorted().toList()) {
        if (Files.isRegularFile(folder.resolve(MANIFEST))) {
          JsonNode manifest = new ObjectMapper().readTree(folder.resolve(MANIFEST).toFile());
          models.add(Model.ofManifest(manifest));
        }
      }
      return models;
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
