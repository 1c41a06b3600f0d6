package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of folders when the process that imports is killed. */
class KilledImportIT {
  @TempDir Path models;

  @ParameterizedTest
  @ValueSource(strings = {"", "ink", "ink retired/0123/ink"})
  void whatAKilledImportLeftIsClearedAwayAndWhatItTookComesBack(String aside) throws Exception {
    Path there = written(models.resolve("ink"), "old");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledImport.class.getName(),
                models.toString()));
    Arrays.stream(aside.split(" ")).filter(each -> !each.isEmpty()).forEach(command::add);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader told =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      assertThat(told.readLine()).isEqualTo("ready");

      CheckpointImport.clear(models);
      assertThat(workplaces(models)).as("it is still at work").hasSize(1);
      assertThat(Files.exists(there)).isEqualTo(aside.isEmpty());
    } finally {
      process.destroyForcibly().waitFor();
    }

    CheckpointImport.clear(models);

    assertThat(workplaces(models)).isEmpty();
    assertThat(there.resolve("manifest.json")).hasContent("old");
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
