package dev.latentline.local.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.Limits;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.local.CliException;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Makes the pictures of a manifest again and compares the hashes of their pixels: by the same model
 * in the same runtime class they are the same.
 */
@Command(
    name = "verify",
    description = "Make the pictures of a manifest.json again and compare them, pixel by pixel.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class VerifyCommand implements Callable<Integer> {
  /** Of the request, what does not matter for the pixels. */
  private static final Set<String> BESIDE_THE_PICTURE = Set.of("metadata", "output_format");

  private static final long MAX_MANIFEST_BYTES = 1024 * 1024;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Parameters(
      index = "0",
      paramLabel = "MANIFEST",
      description = "The file, or the id of a generation that the gateway knows.")
  private String manifest;

  @Option(names = "--timeout", paramLabel = "SECONDS", description = "Default: 600.")
  private int timeout = 600;

  @Mixin private StackOptions options = new StackOptions();

  @Override
  public Integer call() {
    GenerateCommand.range("--timeout", timeout, 1, Limits.MAX_DEADLINE.toSeconds());
    JsonNode fromFile = GenerationIds.isValid(manifest) ? null : read(Path.of(manifest));
    try (Progress progress = Progress.toStderr();
        StackAccess access = StackAccess.open(options, progress, stack -> {})) {
      GatewayClient gateway = access.gateway();
      JsonNode before = fromFile == null ? of(gateway, manifest) : fromFile;
      GenerationRun run = new GenerationRun(gateway, progress, timeout);
      String id = run.submit(request(before));
      ChildProcess.atShutdown(() -> run.breakOff(id));
      run.await(id);
      JsonNode after = run.manifest(id);
      progress.finish();
      return compare(before, after) ? 0 : CliException.FAILED;
    }
  }

  private static JsonNode of(GatewayClient gateway, String id) {
    try {
      return checked(gateway.manifest(id), id);
    } catch (GatewayException e) {
      throw CliException.failed(e.with("wait until it has ended, then try again"));
    }
  }

  private static JsonNode read(Path file) {
    try {
      if (Files.size(file) > MAX_MANIFEST_BYTES) {
        throw CliException.usage(file + " is larger than any manifest: name a manifest.json");
      }
      return checked(JSON.readTree(Files.readAllBytes(file)), file.toString());
    } catch (IOException e) {
      throw CliException.usage(
          file + " cannot be read as a manifest: name a manifest.json or the id of a generation");
    }
  }

  private static JsonNode checked(JsonNode manifest, String where) {
    if (!manifest.at("/request").isObject()
        || !manifest.at("/model/name").isTextual()
        || !manifest.at("/images").isArray()) {
      throw CliException.usage(
          where + " is no manifest of Latentline: it has no request, model and images");
    }
    if (stored(manifest).isEmpty()) {
      throw CliException.failed(where + " has no stored picture: there is nothing to compare");
    }
    return manifest;
  }

  private ObjectNode request(JsonNode manifest) {
    ObjectNode body = manifest.at("/request").deepCopy();
    body.remove(BESIDE_THE_PICTURE);
    String digest = manifest.at("/model/digest").asText("");
    String name = manifest.at("/model/name").asText();
    body.put("model", digest.isEmpty() ? name : name + "@" + digest);
    body.put("deadline_s", timeout);
    return body;
  }

  /** The stored pictures by index. */
  private static Map<Integer, JsonNode> stored(JsonNode manifest) {
    Map<Integer, JsonNode> stored = new TreeMap<>();
    for (JsonNode image : manifest.at("/images")) {
      if (image.path("pixels_sha256").isTextual()) {
        stored.put(image.path("index").asInt(), image);
      }
    }
    return stored;
  }

  private static boolean compare(JsonNode before, JsonNode after) {
    boolean all = true;
    Map<Integer, JsonNode> again = stored(after);
    for (Map.Entry<Integer, JsonNode> image : stored(before).entrySet()) {
      JsonNode made = again.get(image.getKey());
      String expected = image.getValue().path("pixels_sha256").asText();
      if (made == null) {
        all = false;
        System.out.printf(
            "image %d: could not be made again: %s%n",
            image.getKey(), after.at("/error/message").asText("no reason was given"));
      } else if (made.path("pixels_sha256").asText().equals(expected)) {
        System.out.printf("image %d: the same pixels, %s%n", image.getKey(), expected);
      } else {
        all = false;
        System.out.printf(
            "image %d: other pixels, %s instead of %s%n",
            image.getKey(), made.path("pixels_sha256").asText(), expected);
        explain(image.getValue().path("runtime_class"), made.path("runtime_class"));
      }
    }
    return all;
  }

  private static void explain(JsonNode before, JsonNode now) {
    if (!before.equals(now)) {
      System.out.printf(
          "  the last bits may differ between runtime classes: it was made by %s, now by %s%n",
          shown(before), shown(now));
    }
  }

  private static String shown(JsonNode runtimeClass) {
    StringJoiner parts = new StringJoiner(", ");
    for (Map.Entry<String, JsonNode> field : runtimeClass.properties()) {
      parts.add(field.getKey() + " " + field.getValue().asText());
    }
    return parts.length() == 0 ? "an unknown one" : parts.toString();
  }
}
