package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.testkit.RandomCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of this machine, and what became of their files, by the command line. */
class VerifyModelsIT {
  @TempDir Path folder;

  @Test
  void whatIsNotAsItsManifestSaysIsNamed() throws Exception {
    StackCommand command = new StackCommand(folder);
    RandomCheckpoint.of("tiny-sd1").write(folder.resolve("ink.safetensors"));
    StackCommand.Ran imported =
        command.run(
            "models",
            "import",
            "ink.safetensors",
            "--templates",
            RandomCheckpoint.templates() + "");
    assertThat(imported.exitCode()).as(imported.err()).isZero();

    StackCommand.Ran all = command.run("models", "verify");
    assertThat(all.exitCode()).as(all.err()).isZero();
    assertThat(all.err()).contains("100%").doesNotContain("latentline:");
    assertThat(all.out())
        .allMatch(line -> line.matches("\\S+: as it should be, \\d+ files of .* sha256:\\S{64}"))
        .anyMatch(line -> line.startsWith("starter: "))
        .anyMatch(line -> line.startsWith("upscalers/"))
        .anyMatch(line -> line.startsWith("ink: "));

    Path weights = folder.resolve("state/models/ink/unet/weights.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length / 2] ^= 1;
    Files.write(weights, bytes);
    StackCommand.Ran flipped = command.run("models", "verify");
    assertThat(flipped.exitCode()).isEqualTo(1);
    assertThat(flipped.out())
        .hasSameSizeAs(all.out())
        .anyMatch(line -> line.startsWith("ink/unet/weights.safetensors: altered: SHA-256 "))
        .anyMatch(line -> line.startsWith("starter: as it should be"));
    assertThat(flipped.err())
        .contains("latentline: " + folder + "/state/models/ink cannot be used as it is");
    assertThat(command.run("models", "verify", "starter").exitCode()).isZero();

    Files.delete(weights);
    StackCommand.Ran missing = command.run("models", "verify", "ink");
    assertThat(missing.out()).containsExactly("ink/unet/weights.safetensors: missing");
    assertThat(missing.exitCode()).isEqualTo(1);

    StackCommand.Ran unknown = command.run("models", "verify", "oil");
    assertThat(unknown.err()).contains("oil is not installed here").contains("starter, ");
    assertThat(unknown.exitCode()).isEqualTo(2);
  }
}
