package dev.latentline.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.local.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputPlanIT {
  @TempDir Path folder;

  @Test
  void onePictureGoesToTheFileNamed() {
    OutputPlan plan = OutputPlan.of(folder.resolve("apple.png").toString(), 1);
    assertThat(plan.file("gen_1", 0)).isEqualTo(folder.resolve("apple.png"));
  }

  @Test
  void severalPicturesAreNumbered() {
    OutputPlan plan = OutputPlan.of(folder.resolve("apple.PNG").toString(), 2);
    assertThat(plan.file("gen_1", 0)).isEqualTo(folder.resolve("apple-0.png"));
    assertThat(plan.file("gen_1", 1)).isEqualTo(folder.resolve("apple-1.png"));
  }

  @Test
  void aFolderGetsFilesNamedAfterTheGeneration() {
    OutputPlan plan = OutputPlan.of(folder.toString(), 1);
    assertThat(plan.file("gen_1", 0)).isEqualTo(folder.resolve("gen_1-0.png"));
    OutputPlan made = OutputPlan.of(folder.resolve("a/b") + "/", 1);
    assertThat(made.file("gen_1", 3)).isEqualTo(folder.resolve("a/b/gen_1-3.png"));
    assertThat(folder.resolve("a/b")).isDirectory();
  }

  @Test
  void aPictureIsWrittenWholeAndNothingElseIsLeft() throws IOException {
    OutputPlan plan = OutputPlan.of(folder.resolve("apple.png").toString(), 1);
    plan.write("gen_1", 0, new byte[] {1, 2, 3});
    plan.write("gen_1", 0, new byte[] {4, 5});
    assertThat(folder.resolve("apple.png")).hasBinaryContent(new byte[] {4, 5});
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void whatCannotBeWrittenIsRefusedBeforeAnythingIsGenerated() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> OutputPlan.of(file.resolve("apple.png").toString(), 1))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("cannot write to")
        .hasMessageContaining("nothing was generated");
    Files.createDirectory(folder.resolve("pear-1.png"));
    assertThatThrownBy(() -> OutputPlan.of(folder.resolve("pear.png").toString(), 2))
        .hasMessageContaining("is a folder");
  }

  @Test
  void anotherKindOfPictureIsRefused() {
    assertThatThrownBy(() -> OutputPlan.of("apple.jpg", 1))
        .isInstanceOfSatisfying(
            CliException.class, e -> assertThat(e.exitCode()).isEqualTo(CliException.USAGE))
        .hasMessageContaining("PNG");
  }
}
