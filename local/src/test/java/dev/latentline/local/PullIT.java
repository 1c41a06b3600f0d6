package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.local.hub.FakeHub;
import dev.latentline.testkit.RandomCheckpoint;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a repository of a hub to a model of this machine, by the command line. */
class PullIT {
  @TempDir Path folder;
  private FakeHub hub;

  @BeforeEach
  void open() throws Exception {
    hub = new FakeHub();
  }

  @AfterEach
  void close() {
    hub.close();
  }

  @Test
  void aCheckpointIsFetchedAndImported() throws Exception {
    Path file = folder.resolve("made.safetensors");
    RandomCheckpoint.of("tiny-sd1").write(file);
    hub.with("Ink v1.safetensors", Files.readAllBytes(file)).with("README.md", new byte[3]);

    StackCommand.Ran ran = pull(FakeHub.NAME);

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).containsExactly(folder + "/state/models/ink");
    assertThat(ran.err())
        .contains("fetching acme/ink: 1 file of 0.0", "100%", "Stable Diffusion 1.x");
    assertThat(folder.resolve("state/models/ink/manifest.json"))
        .content()
        .contains("CreativeML-OpenRAIL-M", "imported from Ink v1.safetensors");
    // what was fetched is not kept
    assertThat(folder.resolve("state/downloads")).isEmptyDirectory();
  }

  @Test
  void aFolderIsFetchedWithoutWhatIsNotNeededAndImported() throws Exception {
    put("unet/diffusion_pytorch_model.safetensors", "unet");
    put("vae/diffusion_pytorch_model.safetensors", "vae_decoder", "vae_encoder");
    put("text_encoder/model.safetensors", "text_encoder");
    String scheduler = "{\"_class_name\": \"PNDMScheduler\", \"steps_offset\": 1}";
    hub.with("model_index.json", "{}".getBytes(StandardCharsets.UTF_8))
        .with("scheduler/scheduler_config.json", scheduler.getBytes(StandardCharsets.UTF_8))
        .with("unet/diffusion_pytorch_model.bin", new byte[9])
        .with("safety_checker/model.safetensors", new byte[9]);

    StackCommand.Ran ran = pull(FakeHub.NAME + "@main", "--name", "oil", "--licence", "MIT");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).containsExactly(folder + "/state/models/oil");
    assertThat(ran.err()).contains("fetching acme/ink: 5 files of ");
    assertThat(folder.resolve("state/models/oil/manifest.json"))
        .content()
        .contains("\"MIT\"", "imported from ink");
    assertThat(hub.requests).noneMatch(request -> request.matches(".*(\\.bin|safety_checker).*"));

    int asked = hub.requests.size();
    StackCommand.Ran again = pull(FakeHub.NAME, "--name", "oil");
    assertThat(again.err()).contains("there is a model oil already").doesNotContain("\n");
    // it was not fetched for nothing
    assertThat(hub.requests).hasSize(asked + 1);
  }

  @Test
  void aControlNetIsFetchedWithItsConfigurationAndImported() throws Exception {
    Path file = folder.resolve("part.safetensors");
    RandomCheckpoint.ofParts("controlnets/tiny-sd1", "controlnet").write(file);
    String config =
        "{\"_class_name\": \"ControlNetModel\", \"attention_head_dim\": 2, \"layers_per_block\": 2}";
    hub.with("diffusion_pytorch_model.safetensors", Files.readAllBytes(file))
        .with("diffusion_pytorch_model.fp16.safetensors", new byte[9])
        .with("config.json", config.getBytes(StandardCharsets.UTF_8));
    StackCommand command = new StackCommand(folder);
    RandomCheckpoint.of("tiny-sd1").write(folder.resolve("oil.safetensors"));
    String templates = RandomCheckpoint.templates() + "";
    String model = folder.resolve("oil.safetensors") + "";
    assertThat(command.run("models", "import", model, "--templates", templates).exitCode())
        .isZero();

    StackCommand.Ran ran = pull(FakeHub.NAME, "--name", "scribble");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).containsExactly(folder + "/state/models/controlnets/scribble");
    assertThat(ran.err()).contains("2 files of", "it is a ControlNet of Stable Diffusion 1.x");
    assertThat(folder.resolve("state/models/controlnets/scribble/manifest.json"))
        .content()
        .contains("CreativeML-OpenRAIL-M", "stable-diffusion-1-tiny");
    assertThat(command.run("models", "list").out())
        .anyMatch(line -> line.matches("CONTROLNET +MODELS"))
        .anyMatch(line -> line.matches("scribble +oil"))
        .anyMatch(line -> line.matches("starter-edges +starter"));
    assertThat(command.run("models", "verify", "scribble").out().get(0))
        .startsWith("controlnets/scribble: as it should be, 2 files of ");
    assertThat(pull(FakeHub.NAME, "--name", "scribble").err())
        .contains("there is a ControlNet scribble already");
    assertThat(pull(FakeHub.NAME, "--name", "starter-edges").err())
        .contains("has one of the name starter-edges");

    hub.with("config.json", "{\"_class_name\": \"T2IAdapter\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(pull(FakeHub.NAME, "--name", "other").err())
        .contains("is of diffusers' class T2IAdapter, and not of ControlNetModel");
  }

  private void put(String path, String... parts) throws Exception {
    Path file = folder.resolve("part.safetensors");
    RandomCheckpoint.ofParts("tiny-sd1", parts).write(file);
    hub.with(path, Files.readAllBytes(file));
  }

  @Test
  void whatCannotBeImportedIsKeptAndNotFetchedAgain() throws Exception {
    RandomCheckpoint.of("tiny-sd1").write(folder.resolve("made.safetensors"));
    hub.with("Ink v1.safetensors", Files.readAllBytes(folder.resolve("made.safetensors")));
    Files.createDirectories(folder.resolve("state/models/ink"));

    StackCommand.Ran taken = pull(FakeHub.NAME, "--file", "Ink v1.safetensors", "--name", "ink");
    assertThat(taken.exitCode()).isEqualTo(1);
    assertThat(taken.err())
        .contains("there is a model ink already")
        .contains("what was fetched is kept in " + folder + "/state/downloads/acme/");

    StackCommand.Ran other = pull(FakeHub.NAME, "--file", "Ink v1.safetensors", "--keep");
    assertThat(other.exitCode()).as(other.err()).isZero();
    assertThat(other.out()).containsExactly(folder + "/state/models/ink-v1");
    assertThat(other.err()).contains("0.00 GB of them still missing");
    assertThat(hub.requests.stream().filter(request -> request.contains("/cdn/"))).hasSize(1);
    assertThat(folder.resolve("state/downloads/acme")).isNotEmptyDirectory();
  }

  @Test
  void oneCallFetchesAtATime() throws Exception {
    hub.with("ink.safetensors", new byte[10]);
    Path home = folder.resolve("state/downloads/acme/" + FakeHub.COMMIT);
    Files.createDirectories(home);
    try (FileChannel channel =
            FileChannel.open(
                home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();
      StackCommand.Ran ran = pull(FakeHub.NAME);
      assertThat(ran.err()).contains("another call is fetching acme/ink").doesNotContain("\n");
      assertThat(ran.exitCode()).isEqualTo(1);
    }
  }

  @Test
  void whatIsWrongIsOneLine() throws Exception {
    hub.with("a.safetensors", new byte[1]).with("b.safetensors", new byte[1]);

    assertThat(pull("nothing").err()).contains("is named OWNER/NAME").doesNotContain("\n");
    assertThat(pull("nobody/nothing").err()).contains("look at its name").doesNotContain("\n");
    assertThat(pull(FakeHub.NAME, "--name", "No").err()).startsWith("latentline: --name must be");
    StackCommand.Ran several = pull(FakeHub.NAME);
    assertThat(several.err()).contains("name one with --file: a.safetensors").doesNotContain("\n");
    assertThat(several.exitCode()).isEqualTo(2);
    StackCommand.Ran broken = pull(FakeHub.NAME, "--file", "a.safetensors");
    assertThat(broken.exitCode()).isEqualTo(1);
    assertThat(folder.resolve("state/models")).doesNotExist();
    hub.close();
    assertThat(pull(FakeHub.NAME).err())
        .startsWith("latentline: fetching acme/ink from 127.0.0.1 broke off (Connection refused)")
        .doesNotContain("\n");
  }

  private StackCommand.Ran pull(String name, String... options) throws Exception {
    String[] all = new String[options.length + 5];
    String[] fixed = {"models", "pull", name, "--templates", RandomCheckpoint.templates() + ""};
    System.arraycopy(fixed, 0, all, 0, fixed.length);
    System.arraycopy(options, 0, all, fixed.length, options.length);
    ProcessBuilder builder = new StackCommand(folder).builder("pull-" + System.nanoTime(), all);
    builder.environment().put("HF_ENDPOINT", hub.url());
    builder.environment().remove("HF_TOKEN");
    return new StackCommand(folder).run(builder);
  }
}
