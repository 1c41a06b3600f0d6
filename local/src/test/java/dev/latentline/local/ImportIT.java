package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RandomCheckpoint;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint of one's own, from the file to a picture, by the command line alone. */
class ImportIT {
  @TempDir Path folder;
  private StackCommand command;
  private Process up;

  @BeforeEach
  void prepare() {
    command = new StackCommand(folder);
  }

  @AfterEach
  void end() throws Exception {
    if (up != null) {
      up.destroy();
      if (!up.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)) {
        up.destroyForcibly();
      }
    }
  }

  @Test
  void checkpointsAreImportedAndDrawn() throws Exception {
    RandomCheckpoint.of("tiny-sd1").write(folder.resolve("My Model v1.safetensors"));
    RandomCheckpoint.of("tiny-sdxl").write(folder.resolve("xl.safetensors"));

    StackCommand.Ran first = importing("My Model v1.safetensors", "--licence", "MIT");
    assertThat(first.err()).contains("Stable Diffusion 1.x");
    assertThat(first.out()).containsExactly(folder + "/state/models/my-model-v1");
    assertThat(first.exitCode()).isZero();
    assertThat(importing("xl.safetensors").exitCode()).isZero();

    StackCommand.Ran listed = command.run("models", "list");
    assertThat(listed.out()).anyMatch(line -> line.matches("my-model-v1 +stable-diff.* MIT"));
    assertThat(listed.out().get(1)).startsWith("starter");

    up = command.builder("up", "up").start();
    await().atMost(StackCommand.AT_MOST).until(folder.resolve("state/stack.json").toFile()::exists);
    draws("my-model-v1", "dpmpp_2m");
    draws("xl", "euler_a");
    assertThat(command.run("down").exitCode()).isZero();
    command.assertNothingRuns();
  }

  private void draws(String model, String sampler) throws Exception {
    String out = model + ".png";
    StackCommand.Ran ran =
        command.run(
            "generate",
            "a red apple",
            "--model",
            model,
            "--steps",
            "2",
            "--sampler",
            sampler,
            "--out",
            out);
    assertThat(ran.out()).as(ran.err()).containsExactly(out);
    BufferedImage picture = ImageIO.read(folder.resolve(out).toFile());
    assertThat(picture.getWidth()).isEqualTo(64);
    Set<Integer> colours = new TreeSet<>();
    for (int x = 0; x < 64; x++) {
      colours.add(picture.getRGB(x, x));
    }
    // random weights draw something, and not one plain colour
    assertThat(colours).hasSizeGreaterThan(8);
    JsonNode manifest =
        new ObjectMapper()
            .readTree(folder.resolve("state/models/" + model + "/manifest.json").toFile());
    assertThat(manifest.at("/files").has("unet/weights.safetensors")).isTrue();
  }

  @Test
  void whatIsRefusedIsOneLineAndLeavesNothing() throws Exception {
    Files.write(folder.resolve("old.ckpt"), new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0, 0, 0});

    StackCommand.Ran ran = importing("old.ckpt");

    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.err()).startsWith("latentline: old.ckpt is a pickle").doesNotContain("\n");
    assertThat(folder.resolve("state/models")).doesNotExist();
  }

  private StackCommand.Ran importing(String file, String... options) throws Exception {
    String[] all = new String[options.length + 5];
    String[] fixed = {"models", "import", file, "--templates", RandomCheckpoint.templates() + ""};
    System.arraycopy(fixed, 0, all, 0, 5);
    System.arraycopy(options, 0, all, 5, options.length);
    return command.run(all);
  }
}
