package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RandomCheckpoint;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
    RandomCheckpoint.of("tiny-sdxl-refiner").write(folder.resolve("fine.safetensors"));
    RandomCheckpoint.of("tiny-flux-dev").write(folder.resolve("flux.safetensors"));

    StackCommand.Ran first = importing("My Model v1.safetensors", "--licence", "MIT");
    assertThat(first.err()).contains("Stable Diffusion 1.x");
    assertThat(first.out()).containsExactly(folder + "/state/models/my-model-v1");
    assertThat(first.exitCode()).isZero();
    StackCommand.Ran shipped = importing("xl.safetensors", "--name", "starter");
    assertThat(shipped.err()).contains("has one of the name starter: choose another --name");
    assertThat(shipped.exitCode()).isEqualTo(1);
    assertThat(importing("xl.safetensors").exitCode()).isZero();
    StackCommand.Ran refiner = importing("fine.safetensors");
    assertThat(refiner.err()).contains("it is Stable Diffusion XL refiner", "--refiner");
    assertThat(importing("flux.safetensors").err()).contains("it is FLUX.1 dev");
    importLoras();
    importTextualInversions();
    Files.writeString(folder.resolve("state/models/aliases.yaml"), "studio: xl\n");

    StackCommand.Ran listed = command.run("models", "list");
    assertThat(listed.out()).anyMatch(line -> line.matches("my-model-v1 +stable-diff.* MIT"));
    assertThat(listed.out()).anyMatch(line -> line.matches("studio +xl"));
    assertThat(listed.out()).anyMatch(line -> line.matches("ink-v1 +my-model-v1"));
    assertThat(listed.out()).anyMatch(line -> line.matches("wash +xl"));
    assertThat(listed.out()).anyMatch(line -> line.matches("charcoal +flux"));
    assertThat(listed.out()).anyMatch(line -> line.matches("fine +xl"));
    assertThat(listed.out()).noneMatch(line -> line.matches("fine +stable-diff.*"));
    assertThat(listed.out()).anyMatch(line -> line.matches("old-map +my-model-v1"));
    assertThat(listed.out()).anyMatch(line -> line.matches("brush-work +xl"));
    assertThat(listed.out().get(1)).startsWith("starter");

    up = command.builder("up", "up").start();
    await().atMost(StackCommand.AT_MOST).until(folder.resolve("state/stack.json").toFile()::exists);
    draws("my-model-v1", "my-model-v1", "dpmpp_2m");
    draws("xl", "studio", "euler_a");
    fluxIsDrawnAndVerified();
    isShownOnItsWay("my-model-v1");
    assertThat(command.run("models", "list").out()).isEqualTo(listed.out());
    lorasChangeWhatIsDrawnAndAreVerified();
    textualInversionsChangeWhatIsDrawnAndAreVerified();
    aRefinerGoesOnAsDiffusersDoes();
    assertThat(command.run("down").exitCode()).isZero();
    command.assertNothingRuns();
  }

  /**
   * @param called the model's name, or another name of it
   */
  private void draws(String model, String called, String sampler) throws Exception {
    String out = model + ".png";
    StackCommand.Ran ran =
        command.run(
            "generate",
            "a red apple",
            "--model",
            called,
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

  /** Where the shift follows from the model and the size, the same bytes are made again. */
  private void fluxIsDrawnAndVerified() throws Exception {
    String[] asked = {"generate", "a red apple", "--model", "flux", "--seed", "7"};
    Drawn plain = drawn(command.run(asked));
    verified(plain);
    String[] more = Arrays.copyOf(asked, asked.length + 2);
    more[asked.length] = "--lora";
    more[asked.length + 1] = "charcoal:0.8";
    Drawn changed = drawn(command.run(more));
    assertThat(changed.pixels()).isNotEqualTo(plain.pixels());
    verified(changed);
  }

  private void verified(Drawn drawn) throws Exception {
    StackCommand.Ran again = command.run("verify", drawn.id());
    assertThat(again.out()).as(again.err()).hasSize(1).allMatch(line -> line.contains("the same"));
  }

  private void isShownOnItsWay(String model) throws Exception {
    JsonNode stack = new ObjectMapper().readTree(folder.resolve("state/stack.json").toFile());
    int port = 0;
    for (JsonNode part : stack.at("/parts")) {
      port = part.at("/name").asText().equals("gateway") ? part.at("/port").asInt() : port;
    }
    URI generations = URI.create("http://127.0.0.1:" + port + "/v1/generations");
    HttpClient http = HttpClient.newHttpClient();
    // long enough to be seen: a step takes milliseconds
    String body =
        "{\"model\": \"%s\", \"prompt\": \"a red apple\", \"steps\": 150, \"count\": 4}"
            .formatted(model);
    HttpRequest asking =
        HttpRequest.newBuilder(generations)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    String accepted = http.send(asking, HttpResponse.BodyHandlers.ofString()).body();
    String id = new ObjectMapper().readTree(accepted).at("/id").asText();
    URI events = URI.create(generations + "/" + id + "/events?previews=true");
    String seen =
        http.send(HttpRequest.newBuilder(events).build(), HttpResponse.BodyHandlers.ofString())
            .body();

    Matcher preview = Pattern.compile("data:image/png;base64,([A-Za-z0-9+/=]+)").matcher(seen);
    assertThat(preview.find()).as(seen).isTrue();
    byte[] png = Base64.getDecoder().decode(preview.group(1));
    assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(64 / 8);
  }

  private void importLoras() throws Exception {
    Path loras = RandomCheckpoint.templates().resolveSibling("golden/loras");
    Files.copy(loras.resolve("tiny-sd1/kohya.safetensors"), folder.resolve("Ink v1.safetensors"));
    Files.copy(loras.resolve("tiny-sdxl/peft.safetensors"), folder.resolve("wash.safetensors"));
    Files.copy(
        loras.resolve("tiny-flux-dev/kohya.safetensors"), folder.resolve("charcoal.safetensors"));
    StackCommand.Ran ink = importing("Ink v1.safetensors");
    assertThat(ink.err()).contains("it is a LoRA of Stable Diffusion 1.x");
    assertThat(ink.out()).containsExactly(folder + "/state/models/loras/ink-v1");
    assertThat(importing("wash.safetensors").exitCode()).isZero();
    assertThat(importing("charcoal.safetensors").err()).contains("it is a LoRA of FLUX.1 dev");
  }

  private void lorasChangeWhatIsDrawnAndAreVerified() throws Exception {
    Drawn plain = drawn("a red apple");
    assertThat(drawn("a red apple", "--lora", "ink-v1:0").pixels()).isEqualTo(plain.pixels());
    Drawn changed = drawn("a red apple", "--lora", "ink-v1:0.8");
    assertThat(changed.pixels()).isNotEqualTo(plain.pixels());
    assertThat(drawn("a red apple", "--lora", "ink-v1:-0.8").pixels())
        .isNotEqualTo(plain.pixels())
        .isNotEqualTo(changed.pixels());
    Drawn tagged = drawn("a red <lora:Ink v1:0.3>apple<lora:ink-v1:0.5>");
    assertThat(tagged.pixels()).isEqualTo(changed.pixels());

    verified(tagged);

    StackCommand.Ran unknown = generating("a red apple <lora:oil:0.5>");
    assertThat(unknown.exitCode()).isNotZero();
    assertThat(unknown.err()).contains("prompt: <lora:oil> names no LoRA that is here");
    StackCommand.Ran unfit = generating("a red apple", "--lora", "wash");
    assertThat(unfit.exitCode()).isNotZero();
    assertThat(unfit.err()).contains("the model can have [ink-v1]");
  }

  /** The same picture: parity/golden_pipelines.py has made it. */
  private void aRefinerGoesOnAsDiffusersDoes() throws Exception {
    Path file =
        RandomCheckpoint.templates()
            .resolveSibling("golden/pipelines/sdxl-refiner-dpmpp_2m.safetensors");
    try (SafetensorsFile golden = SafetensorsFile.open(file)) {
      JsonNode request = new ObjectMapper().readTree(golden.metadata().get("request"));
      List<String> asked = new ArrayList<>();
      asked.addAll(List.of("generate", "a lighthouse at dusk, oil on canvas", "--model", "xl"));
      asked.addAll(List.of("--negative-prompt", "fog", "--rng", "cpu"));
      for (String field : List.of("seed", "steps", "guidance_scale", "sampler", "schedule")) {
        asked.addAll(List.of("--" + field.replace('_', '-'), request.path(field).asText()));
      }
      String width = request.path("width").asText();
      asked.addAll(List.of("--size", width + "x" + request.path("height").asText()));
      Drawn alone = drawn(command.run(asked.toArray(String[]::new)));
      asked.addAll(List.of("--refiner", "fine"));
      asked.addAll(List.of("--refiner-start", request.path("refiner_start").asText()));
      Drawn both = drawn(command.run(asked.toArray(String[]::new)));

      FloatBuffer expected = golden.map(golden.find("picture").orElseThrow()).asFloatBuffer();
      assertThat(same(both, expected)).isGreaterThanOrEqualTo(0.999);
      assertThat(same(alone, expected)).isLessThan(0.5);
      assertThat(manifest(both).at("/request/refiner").asText())
          .matches("fine@sha256:[0-9a-f]{64}");
      assertThat(Files.readString(folder.resolve(both.file()), StandardCharsets.ISO_8859_1))
          .contains("Refiner: fine [", "], Refiner switch at: 0.5, ");
      StackCommand.Ran again = command.run("verify", both.id());
      assertThat(again.out())
          .as(again.err())
          .hasSize(1)
          .allMatch(line -> line.contains("the same"));
    }
    StackCommand.Ran unfit = generating("a red apple", "--refiner", "fine");
    assertThat(unfit.exitCode()).isNotZero();
    assertThat(unfit.err()).contains("refiner: Does not go on with pictures of the model");
    StackCommand.Ran alone = command.run("generate", "a red apple", "--model", "fine");
    assertThat(alone.exitCode()).isNotZero();
    assertThat(alone.err()).contains("goes on with the pictures of another model");
  }

  /** Which part of the numbers of its colours are those expected, one pixel after the other. */
  private static double same(Drawn drawn, FloatBuffer expected) {
    FloatBuffer rest = expected.duplicate();
    int same = 0;
    for (int pixel : drawn.pixels()) {
      for (int shift = 16; shift >= 0; shift -= 8) {
        same += rest.get() == (pixel >>> shift & 255) ? 1 : 0;
      }
    }
    assertThat(rest.hasRemaining()).isFalse();
    return (double) same / expected.capacity();
  }

  private void importTextualInversions() throws Exception {
    Path inversions = RandomCheckpoint.templates().resolveSibling("golden/inversions");
    Files.copy(
        inversions.resolve("tiny-sd1/ink-wash.safetensors"),
        folder.resolve("Ink-Wash.safetensors"));
    Files.copy(
        inversions.resolve("tiny-sd1/old-map.safetensors"), folder.resolve("a file.safetensors"));
    Files.copy(
        inversions.resolve("tiny-sdxl/ink-wash.safetensors"),
        folder.resolve("brush work.safetensors"));
    StackCommand.Ran ink = importing("Ink-Wash.safetensors");
    assertThat(ink.err())
        .contains("it is a textual inversion of", "3 vectors; its word is ink-wash");
    assertThat(ink.out()).containsExactly(folder + "/state/models/textual_inversions/ink-wash");
    assertThat(importing("a file.safetensors", "--name", "old-map").exitCode()).isZero();
    assertThat(importing("brush work.safetensors").exitCode()).isZero();
  }

  private void textualInversionsChangeWhatIsDrawnAndAreVerified() throws Exception {
    Drawn ink = drawn("a castle, Ink-Wash", "--negative-prompt", "(old-map:1.2)");
    // what is not a word of its own, and what is another family's, is text
    Drawn text = drawn("a castle, Ink-Washed brush-work");

    JsonNode manifest = manifest(ink);
    assertThat(manifest.at("/request/textual_inversions"))
        .extracting(JsonNode::textValue)
        .satisfiesExactly(
            first -> assertThat(first).matches("ink-wash@sha256:[0-9a-f]{64}"),
            second -> assertThat(second).matches("old-map@sha256:[0-9a-f]{64}"));
    assertThat(manifest(text).at("/request/textual_inversions")).isEmpty();
    assertThat(Files.readString(folder.resolve(ink.file()), StandardCharsets.ISO_8859_1))
        .contains("TI hashes: \"ink-wash: ");

    StackCommand.Ran again = command.run("verify", ink.id());
    assertThat(again.out()).as(again.err()).hasSize(1).allMatch(line -> line.contains("the same"));
    // without one of them its word is text, and the picture another one
    ((ArrayNode) manifest.at("/request/textual_inversions")).remove(0);
    Files.write(folder.resolve("less.json"), new ObjectMapper().writeValueAsBytes(manifest));
    StackCommand.Ran less = command.run("verify", "less.json");
    assertThat(less.out())
        .as(less.err())
        .hasSize(1)
        .allMatch(line -> line.contains("other pixels"));
  }

  /** As the store has it. */
  private JsonNode manifest(Drawn drawn) throws Exception {
    try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
      Path manifest =
          files
              .filter(file -> file.endsWith(Path.of(drawn.id(), "manifest.json")))
              .findFirst()
              .orElseThrow();
      return new ObjectMapper().readTree(manifest.toFile());
    }
  }

  private record Drawn(String id, String file, List<Integer> pixels) {}

  private Drawn drawn(String prompt, String... options) throws Exception {
    return drawn(generating(prompt, options));
  }

  private Drawn drawn(StackCommand.Ran ran) throws Exception {
    assertThat(ran.out()).as(ran.err()).hasSize(1);
    Matcher id = Pattern.compile("gen_[0-9a-f]{32}").matcher(ran.out().get(0));
    assertThat(id.find()).isTrue();
    BufferedImage picture = ImageIO.read(folder.resolve(ran.out().get(0)).toFile());
    int width = picture.getWidth();
    int[] pixels = picture.getRGB(0, 0, width, picture.getHeight(), null, 0, width);
    return new Drawn(id.group(), ran.out().get(0), Arrays.stream(pixels).boxed().toList());
  }

  private StackCommand.Ran generating(String prompt, String... options) throws Exception {
    List<String> all =
        new ArrayList<>(List.of("generate", prompt, "--model", "my-model-v1", "--steps", "2"));
    all.addAll(List.of("--seed", "7"));
    all.addAll(List.of(options));
    return command.run(all.toArray(String[]::new));
  }

  @Test
  void whatIsRefusedIsOneLineAndLeavesNothing() throws Exception {
    Files.write(folder.resolve("old.ckpt"), new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0, 0, 0});

    StackCommand.Ran ran = importing("old.ckpt");

    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.err()).startsWith("latentline: old.ckpt is a pickle").doesNotContain("\n");
    assertThat(folder.resolve("state/models")).doesNotExist();
  }

  /** Else the import succeeds, and after it nothing starts. */
  @Test
  void aNameThatTheCatalogueHasElsewhereIsRefused() throws Exception {
    Path catalogue = folder.resolve("catalogue");
    Files.createDirectories(catalogue.resolve("loras/wash"));
    Files.createDirectories(catalogue.resolve("textual_inversions/old-map"));
    Files.writeString(
        Files.createDirectories(folder.resolve("state/models")).resolve("aliases.yaml"),
        "studio: xl\n");

    for (String name : List.of("wash", "old-map", "studio", "retired")) {
      ProcessBuilder builder =
          command.builder("import-" + name, "models", "import", "x.safetensors", "--name", name);
      builder.environment().put("LATENTLINE_MODELS", catalogue.toString());
      StackCommand.Ran ran = command.run(builder);
      assertThat(ran.err())
          .matches(
              "latentline: (.*catalogue has one of the name \\S+|aliases.yaml has studio as another"
                  + " name of a model|retired is what catalogues call a folder of their own)"
                  + ": choose another --name");
      assertThat(ran.exitCode()).isEqualTo(1);
    }
    Files.createDirectory(folder.resolve("___"));
    StackCommand.Ran unnamed = importing("___");
    assertThat(unnamed.err()).endsWith("name it with --name").doesNotContain("\n");
  }

  private StackCommand.Ran importing(String file, String... options) throws Exception {
    String[] all = new String[options.length + 5];
    String[] fixed = {"models", "import", file, "--templates", RandomCheckpoint.templates() + ""};
    System.arraycopy(fixed, 0, all, 0, 5);
    System.arraycopy(options, 0, all, 5, options.length);
    return command.run(all);
  }
}
