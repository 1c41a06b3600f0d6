package dev.latentline.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.testkit.Patience;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as people run it, in a process of its own, against a gateway that pretends. */
@Execution(ExecutionMode.CONCURRENT)
class CommandLineIT {
  @TempDir Path folder;
  private String apiKey;

  /** What a process has left. */
  private record Ran(int exitCode, List<String> out, List<String> err) {}

  @Test
  void aPictureIsWrittenAndOnlyItsPathIsOnStdout() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      Ran ran =
          run(
              gateway.url(),
              "generate",
              "a red apple",
              "--seed",
              "7",
              "--steps",
              "12",
              "--size",
              "128x64",
              "--upscale",
              "4",
              "--upscaler",
              "sharp",
              "--guidance-scale",
              "2.5",
              "--eta",
              "0.5",
              "--rng",
              "cpu",
              "--prompt-syntax",
              "a1111",
              "--emphasis",
              "no_norm",
              "--clip-skip",
              "2",
              "--refiner",
              "fine",
              "--refiner-start",
              "0.75",
              "--out",
              "apple.png");
      assertThat(ran.err()).noneMatch(line -> line.contains("latentline:"));
      assertThat(ran.out()).containsExactly("apple.png");
      assertThat(ran.exitCode()).isZero();
      assertThat(folder.resolve("apple.png")).hasBinaryContent(FakeGateway.PICTURE);
      assertThat(gateway.bodies).hasSize(1);
      assertThat(gateway.bodies.get(0))
          .contains("\"model\":\"starter\"", "\"prompt\":\"a red apple\"", "\"seed\":7")
          .contains("\"steps\":12", "\"width\":128", "\"height\":64", "\"guidance_scale\":2.5")
          .contains("\"upscale\":4", "\"upscaler\":\"sharp\"", "\"eta\":0.5", "\"rng\":\"cpu\"")
          .contains("\"prompt_syntax\":\"a1111\"", "\"emphasis\":\"no_norm\"", "\"clip_skip\":2")
          .contains("\"refiner\":\"fine\"", "\"refiner_start\":0.75")
          .doesNotContain("negative_prompt", "sampler");
    }
  }

  @Test
  void picturesThatSteerAreSentFirstAndNamedThen() throws Exception {
    Files.writeString(folder.resolve("a drawing.png"), "\u0089drawn", StandardCharsets.ISO_8859_1);
    Files.writeString(folder.resolve("b:2"), "a photo");
    String digest = "@sha256:" + "0f".repeat(32);
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.unavailable = 1;
      Ran ran =
          run(
              gateway.url(),
              "generate",
              "a red apple",
              "--control",
              "edges" + digest + ":a drawing.png",
              "--control",
              "depth:b:2:.5",
              "--preprocessor",
              "canny",
              "--control-start",
              "0.1",
              "--control-end",
              "0.6");
      assertThat(ran.exitCode()).as("%s", ran.err()).isZero();
      assertThat(gateway.uploads).hasSize(3);
      String type = gateway.uploads.get(1).replaceFirst("(?s)\n.*", "");
      String boundary = type.replaceFirst("multipart/form-data; boundary=", "");
      assertThat(gateway.uploads.get(0)).contains("\r\n\r\n\u0089drawn\r\n--");
      assertThat(gateway.uploads.get(1))
          .contains("name=\"picture\"; filename=")
          .contains("\n--" + boundary + "\r\n")
          .endsWith("\r\n\r\n\u0089drawn\r\n--" + boundary + "--\r\n");
      assertThat(gateway.uploads.get(2)).contains("\r\n\r\na photo\r\n--");
      assertThat(gateway.bodies.get(0))
          .contains(
              "\"controls\":[{\"name\":\"edges"
                  + digest
                  + "\",\"image\":{\"input\":\"input_2\"}},"
                  + "{\"name\":\"depth\",\"image\":{\"input\":\"input_3\"},\"weight\":0.5,"
                  + "\"preprocessor\":\"canny\",\"start\":0.1,\"end\":0.6}]");
    }
  }

  @Test
  void picturesThatArePromptsAreSentFirstAndNeedNoPrompt() throws Exception {
    Files.writeString(folder.resolve("a photo.jpg"), "a photo");
    Files.writeString(folder.resolve("b:2"), "a drawing");
    try (FakeGateway gateway = new FakeGateway()) {
      Ran ran =
          run(
              gateway.url(),
              "generate",
              "--image-prompt",
              "a photo.jpg",
              "--image-prompt",
              "b:2:.5");
      assertThat(ran.exitCode()).as("%s", ran.err()).isZero();
      assertThat(gateway.uploads).hasSize(2);
      assertThat(gateway.uploads.get(0)).contains("\r\n\r\na photo\r\n--");
      assertThat(gateway.uploads.get(1)).contains("\r\n\r\na drawing\r\n--");
      assertThat(gateway.bodies.get(0))
          .contains(
              "\"image_prompts\":[{\"image\":{\"input\":\"input_1\"}},"
                  + "{\"image\":{\"input\":\"input_2\"},\"weight\":0.5}]")
          .doesNotContain("\"prompt\":");

      assertThat(run(gateway.url(), "generate", "a cat", "--image-prompt", "b:2:0").exitCode())
          .isZero();
      assertThat(gateway.bodies.get(1)).contains("\"prompt\":\"a cat\"", "\"weight\":0.0");
    }
  }

  @Test
  void aManifestOfPicturesAloneIsSentAgainAsItIs() throws Exception {
    String pictures =
        "\"prompt\":\"\",\"image_prompts\":[{\"image\":{\"input\":\"input_9\"},\"weight\":0.7}]";
    try (FakeGateway gateway = new FakeGateway()) {
      Files.writeString(
          folder.resolve("manifest.json"),
          gateway.manifest.replace("\"prompt\":\"a red apple\"", pictures));
      Ran same = run(gateway.url(), "verify", "manifest.json");
      assertThat(same.out()).containsExactly("image 0: the same pixels, aa");
      assertThat(gateway.bodies.get(0)).contains(pictures);
    }
  }

  @Test
  void aPictureThatIsNotTakenIsSaidByItsName() throws Exception {
    Files.writeString(folder.resolve("a.svg"), "<svg/>");
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.refusePictures = true;
      Ran ran = run(gateway.url(), "generate", "x", "--control", "edges:a.svg");
      assertThat(ran.err()).hasSize(1);
      assertThat(ran.err().get(0)).contains("a.svg is not taken: picture: Is none");
      assertThat(ran.exitCode()).isEqualTo(2);
      assertThat(run(gateway.url(), "generate", "--image-prompt", "a.svg").err().get(0))
          .contains("a.svg is not taken: picture: Is none");
      assertThat(gateway.bodies).isEmpty();
    }
  }

  @Test
  void aManifestsPicturesAreMadeAgainByTheSameModelAndCompared() throws Exception {
    Path manifest = folder.resolve("manifest.json");
    Files.writeString(manifest, FakeGateway.manifest("aa", "avx2"));
    try (FakeGateway gateway = new FakeGateway()) {
      Ran same = run(gateway.url(), "verify", "manifest.json");
      assertThat(same.out()).containsExactly("image 0: the same pixels, aa");
      assertThat(same.exitCode()).isZero();
      assertThat(gateway.bodies.get(0))
          .contains("\"model\":\"starter@sha256:12\"", "\"seed\":7", "\"steps\":12")
          .doesNotContain("metadata", "output_format");

      gateway.manifest = FakeGateway.manifest("bb", "avx512f");
      Ran other = run(gateway.url(), "verify", "manifest.json");
      assertThat(other.out().get(0)).isEqualTo("image 0: other pixels, bb instead of aa");
      assertThat(other.out().get(1)).contains("device avx2, now by provider cpu, device avx512f");
      assertThat(other.exitCode()).isEqualTo(1);

      Files.writeString(manifest, "{}");
      Ran none = run(gateway.url(), "verify", "manifest.json");
      assertThat(none.err().get(0)).contains("manifest.json is no manifest of Latentline");
      assertThat(none.exitCode()).isEqualTo(2);
      assertThat(run(gateway.url(), "verify", "nowhere.json").exitCode()).isEqualTo(2);
      assertThat(run(gateway.url(), "verify", "manifest.json", "--timeout", "0").err().get(0))
          .contains("--timeout is 0: give a number from 1 to 86400");
      assertThat(gateway.bodies).hasSize(2);
    }
  }

  @Test
  void aPictureThatTheSafetyCheckerFoundUnsafeIsMentioned() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.end =
          gateway.end.replace(
              "\"seed\":7", "\"seed\":7,\"safety\":{\"flagged\":true,\"blurred\":true}");
      Ran ran = run(gateway.url(), "generate", "a red apple");
      assertThat(ran.out()).containsExactly(FakeGateway.ID + "-0.png");
      assertThat(ran.err()).anyMatch(line -> line.contains("picture 0 unsafe, so it is blurred"));
      assertThat(ran.exitCode()).isZero();
    }
  }

  @Test
  void withoutEventsItIsOnlySlower() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.withEvents = false;
      Ran ran = run(gateway.url(), "generate", "a red apple", "--model", "starter");
      assertThat(ran.out()).containsExactly(FakeGateway.ID + "-0.png");
      assertThat(ran.exitCode()).isZero();
    }
  }

  @Test
  void aKeyIsSentToTheGatewayAloneAndNeverShown() throws Exception {
    apiKey = "secret-key.1=";
    try (FakeGateway gateway = new FakeGateway();
        FakeGateway other = new FakeGateway()) {
      gateway.apiKey = apiKey;
      gateway.end = gateway.end.replace("\"url\":\"", "\"url\":\"" + other.url());
      Ran ran = run(gateway.url(), "generate", "a red apple", "--out", "apple.png");
      assertThat(ran.exitCode()).as("%s", ran.err()).isZero();
      assertThat(folder.resolve("apple.png")).hasBinaryContent(FakeGateway.PICTURE);
      assertThat(ran.err()).noneMatch(line -> line.contains("secret"));
      assertThat(gateway.authorized)
          .contains("/q/health/ready null", "/v1/generations Bearer secret-key.1=");
      assertThat(other.authorized)
          .containsExactly("/v1/generations/" + FakeGateway.ID + "/images/0 null");
    }
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "none, asks for a key: set LATENTLINE_API_KEY to it, 1",
        "wrong-secret, does not know the key in LATENTLINE_API_KEY, 1",
        "a wrong\u00fcsecret, LATENTLINE_API_KEY is no key, 2"
      })
  void aKeyThatIsMissingOrWrongIsSaid(String key, String said, int exitCode) throws Exception {
    apiKey = key;
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.apiKey = "right";
      for (String command : List.of("generate a", "generate a --model starter", "models list")) {
        Ran ran = run(gateway.url(), split(command));
        assertThat(ran.err()).hasSize(1);
        assertThat(ran.err().get(0)).contains(said).doesNotContain("secret", "try again");
        assertThat(ran.exitCode()).isEqualTo(exitCode);
      }
      assertThat(gateway.bodies).isEmpty();
    }
  }

  @Test
  void anotherProgramOnTheGatewaysPortIsNotTakenForOne() throws Exception {
    try (FakeGateway other = new FakeGateway()) {
      other.readiness =
          "{\"status\":\"UP\",\"checks\":[{\"name\":\"database\",\"status\":\"UP\"}]}";
      String port = other.url().replaceFirst(".*:", "");
      Ran ran = run(null, "generate", "a red apple", "--port", "gateway=" + port);
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.err().get(ran.err().size() - 1))
          .contains("port " + port + ", which the gateway needs, is in use")
          .contains("--port gateway=N");
      assertThat(run(other.url(), "generate", "a red apple").err().get(0))
          .contains("no gateway is ready at " + other.url());
      assertThat(other.bodies).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate apple --image-prompt a.png", "verify manifest.json"})
  void aGatewayThatIsNotOfThisStateIsAskedNothingUnlessItIsNamed(String command) throws Exception {
    apiKey = "secret-key.1=";
    Files.writeString(folder.resolve("a.png"), "a photo");
    Files.writeString(folder.resolve("manifest.json"), FakeGateway.manifest("aa", "avx2"));
    try (FakeGateway other = new FakeGateway()) {
      String port = other.url().replaceFirst(".*:", "");
      Ran ran = run(null, split(command + " --port gateway=" + port));
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.err().get(ran.err().size() - 1))
          .contains("port " + port + ", which the gateway needs, is in use")
          .contains("a gateway that listens there is used where LATENTLINE_URL names it");
      assertThat(other.authorized).isEmpty();

      assertThat(run(other.url(), split(command)).exitCode()).isZero();
      assertThat(other.authorized).isNotEmpty();
    }
  }

  @Test
  void aKeyThatIsNoneIsSaidBeforeAStackIsStarted() throws Exception {
    apiKey = "no key";
    Ran ran = run(null, "generate", "a red apple");
    assertThat(ran.err()).hasSize(1);
    assertThat(ran.err().get(0)).contains("LATENTLINE_API_KEY is no key");
    assertThat(ran.exitCode()).isEqualTo(2);
  }

  @Test
  void aGatewayThatIsNotReadyYetIsAskedAgainWithTheSameKey() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.unavailable = 2;
      Ran ran = run(gateway.url(), "generate", "a red apple");
      assertThat(ran.exitCode()).isZero();
      assertThat(gateway.keys).hasSize(3);
      assertThat(gateway.keys.stream().distinct()).hasSize(1);
    }
  }

  @Test
  void whatTheGatewayRefusesIsWrongUsageAndSaysTheField() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.refuse = true;
      Ran ran = run(gateway.url(), "generate", "a red apple", "--model", "none");
      assertThat(ran.exitCode()).isEqualTo(2);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err()).hasSize(1);
      assertThat(ran.err().get(0))
          .startsWith("latentline: model: There is no such model")
          .contains("latentline models list");
    }
  }

  @Test
  void aFailedGenerationIsExitCodeOneWithItsReason() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.end =
          "{\"id\":\"x\",\"status\":\"failed\",\"error\":{\"code\":\"deadline\",\"message\":\"too"
              + " late\"}}";
      Ran ran = run(gateway.url(), "generate", "a red apple");
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err().get(ran.err().size() - 1)).contains("failed (too late)");
    }
  }

  @Test
  void whatIsNotDoneInTimeIsCancelled() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      gateway.end = "{\"id\":\"x\",\"status\":\"queued\",\"queue_position\":3}";
      Ran ran = run(gateway.url(), "generate", "a red apple", "--timeout", "1");
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.err().get(ran.err().size() - 1)).contains("longer --timeout");
      assertThat(gateway.cancelled).hasSize(1);
    }
  }

  @Test
  void anUnwritablePlaceIsSaidBeforeAnythingIsAskedFor() throws Exception {
    try (FakeGateway gateway = new FakeGateway()) {
      Files.writeString(folder.resolve("file"), "x");
      Ran ran = run(gateway.url(), "generate", "a red apple", "--out", "file/apple.png");
      assertThat(ran.exitCode()).isEqualTo(1);
      assertThat(ran.err()).hasSize(1);
      assertThat(ran.err().get(0)).contains("cannot write to file/apple.png");
      assertThat(gateway.bodies).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "generate                              | there is no prompt: say what the picture shows",
        "generate ' '                          | the prompt is empty",
        "generate --image-prompt none.png:0    | there is no prompt: say what the picture shows",
        "generate --image-prompt none.png      | none.png cannot be read",
        "generate --image-prompt none.png:3.5  | a weight from 0 to 3",
        "generate --image-prompt none.png:-1   | a weight from 0 to 3",
        "generate --image-prompt a --image-prompt b --image-prompt c --image-prompt d"
            + " --image-prompt e               | name at most 4",
        "generate apple --size 100x128         | 100 is not a multiple of 8, take 96 or 104",
        "generate apple --size big             | write WIDTHxHEIGHT",
        "generate apple --size 8x8             | a number from 64 to 4096",
        "generate apple --steps 0              | a number from 1 to 150",
        "generate apple --steps many           | Invalid value for option '--steps'",
        "generate apple --count 17             | a number from 1 to 16",
        "generate apple --seed -1              | a number from 0 to",
        "generate apple --upscale 3            | choose one of [1, 2, 4]",
        "generate apple --upscaler sharp       | say by how much, as --upscale 4",
        "generate apple --sampler best         | choose one of ddim",
        "generate apple --schedule best        | choose one of normal",
        "generate apple --eta 1.5              | a number from 0 to 1",
        "generate apple --s-churn NaN          | a number from 0 to 100",
        "generate apple --rng gpu              | choose one of nv, cpu",
        "generate apple --prompt-syntax x     | choose one of plain, a1111",
        "generate apple --emphasis strong     | choose one of original",
        "generate apple --clip-skip 13        | a number from 1 to 12",
        "generate apple --refiner-start 0.5   | name a refiner too",
        "generate apple --refiner x --refiner-start 1.1 | a number from 0 to 1",
        "generate apple --control edges      | write NAME:FILE or NAME:FILE:WEIGHT",
        "generate apple --control edges:      | write NAME:FILE or NAME:FILE:WEIGHT",
        "generate apple --control edges:none.png:1 | none.png cannot be read",
        "generate apple --control edges:none.png:2.5 | a weight from 0 to 2",
        "generate apple --control edges:none.png:-1 | a weight from 0 to 2",
        "generate apple --control a:b --preprocessor best | choose one of [none, canny]",
        "generate apple --control a:b --control-start 2 | a number from 0.0 to 1",
        "generate apple --control a:b --control-start 0.6 --control-end 0.5 | from 0.6 to 1",
        "generate apple --preprocessor canny  | Missing required argument",
        "generate apple --guidance-scale NaN   | a number from 0 to 30",
        "generate apple --out apple.jpg        | pictures are PNG files",
        "generate apple --colour red           | Unknown option",
        "paint                                 | Unmatched argument",
      })
  void wrongUsageIsOneLineAndExitCodeTwo(String arguments, String said) throws Exception {
    Ran ran = run("http://127.0.0.1:9", split(arguments));
    assertThat(ran.err()).hasSize(1);
    assertThat(ran.err().get(0)).startsWith("latentline: ").contains(said);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.exitCode()).isEqualTo(2);
  }

  @Test
  void anAddressWhereNobodyAnswersIsSaid() throws Exception {
    Ran ran = run("http://user:secret@127.0.0.1:9", "generate", "a red apple");
    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.err()).hasSize(1);
    assertThat(ran.err().get(0)).contains("http://127.0.0.1:9").doesNotContain("secret");
  }

  @Test
  void withoutAStackStatusAndDownSaySo() throws Exception {
    Ran status = run(null, "status");
    assertThat(status.exitCode()).isEqualTo(1);
    assertThat(status.err().get(0)).contains("latentline up");
    assertThat(run(null, "down").exitCode()).isZero();
  }

  private static String[] split(String arguments) {
    return arguments.contains("' '")
        ? new String[] {"generate", " "}
        : arguments.strip().split(" +");
  }

  private Ran run(String url, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dlatentline.home=" + System.getProperty("latentline.home"),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.latentline.local.Main"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("LATENTLINE_STATE", folder.resolve("state").toString());
    builder.environment().keySet().removeAll(List.of("LATENTLINE_URL", "LATENTLINE_API_KEY"));
    if (url != null) {
      builder.environment().put("LATENTLINE_URL", url);
    }
    if (apiKey != null) {
      builder.environment().put("LATENTLINE_API_KEY", apiKey);
    }
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertThat(process.waitFor(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return new Ran(
        process.exitValue(),
        Files.readAllLines(out, StandardCharsets.UTF_8),
        Files.readAllLines(err, StandardCharsets.UTF_8));
  }
}
