package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.catalogue.Catalogue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of folders when an import does not end as it should. */
class PlacementTest {
  @TempDir Path models;

  @Test
  void whatTookThePlaceOfAFolderStaysWhereTheImportWasKilledAfterIt() throws IOException {
    Path loras = models.resolve(Catalogue.LORAS);
    Path left = Files.createDirectories(loras.resolve(".importing-7"));
    written(left.resolve(".replaced/ink"), "old");
    Files.writeString(left.resolve(".aside"), ".importing-7/.replaced/ink");
    written(loras.resolve("ink"), "new");

    CheckpointImport.clear(models);

    assertThat(left).doesNotExist();
    assertThat(loras.resolve("ink/manifest.json")).hasContent("new");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatAnotherImportPlacedMeanwhileStays(boolean retires) throws IOException {
    Placement placement = new Placement(models, "ink", "a model", false, retires);
    placement.requireFree();

    assertThatThrownBy(
            () ->
                placement.make(
                    made -> {
                      written(models.resolve("ink"), "another's");
                      written(made, "new");
                      return List.of();
                    }))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("there is a model ink already");

    assertThat(models.resolve("ink/manifest.json")).hasContent("another's");
    assertThat(models).isDirectoryNotContaining(each -> !each.endsWith("ink"));
  }

  @Test
  void whatWasThereComesBackWhenNothingCanTakeItsPlace() throws IOException {
    written(models.resolve("ink"), "old");

    // nothing is made, so that nothing can be moved
    assertThatThrownBy(
            () -> new Placement(models, "ink", "a LoRA", true, false).make(made -> List.of()))
        .isInstanceOf(NoSuchFileException.class);

    assertThat(models.resolve("ink/manifest.json")).hasContent("old");
    assertThat(workplaces(models)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFolderWithoutAManifestIsReplaced(boolean retires) throws IOException {
    Files.writeString(Files.createDirectories(models.resolve("ink")).resolve("a"), "damaged");

    new Placement(models, "ink", "a model", true, retires)
        .make(
            made -> {
              written(made, "new");
              return List.of();
            });

    assertThat(models.resolve("ink/manifest.json")).hasContent("new");
    assertThat(models.resolve("ink/a")).doesNotExist();
    assertThat(models).isDirectoryNotContaining(each -> !each.endsWith("ink"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"retired", "loras", "controlnets", "upscalers", "textual_inversions", "Ink", ""})
  void whatNothingInACatalogueCanBeCalledIsRefused(String name) {
    ImportOrder order =
        new ImportOrder(
            models.resolve("absent"),
            Optional.empty(),
            Optional.empty(),
            name,
            Optional.empty(),
            Optional.empty(),
            Orders.TEMPLATES,
            models,
            true);

    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageMatching(
            "\\w+ is what catalogues call a folder of their own.*|Ink is no name for .*"
                + "|what it comes from has no letter or digit in its name: name it with --name");
  }

  private static Path written(Path folder, String manifest) throws IOException {
    Files.writeString(Files.createDirectories(folder).resolve("manifest.json"), manifest);
    return folder;
  }

  private static List<Path> workplaces(Path parent) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      return entries.filter(each -> each.getFileName().toString().startsWith(".")).toList();
    }
  }
}
