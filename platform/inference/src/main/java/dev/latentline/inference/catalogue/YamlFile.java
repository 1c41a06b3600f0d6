package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small YAML file that an operator writes. */
final class YamlFile {
  private static final int MAX_BYTES = 64 * 1024;

  private static final YAMLMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private YamlFile() {}

  /** What is in it, or null when a problem was noted. */
  static JsonNode read(Path file, List<String> problems) {
    String name = file.getFileName().toString();
    if (!Files.isRegularFile(file)) {
      problems.add(name + ": missing");
      return null;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        problems.add(name + ": longer than " + MAX_BYTES + " bytes");
        return null;
      }
      return YAML.readTree(bytes);
    } catch (JacksonException e) {
      problems.add(
          name
              + ": line "
              + (e.getLocation() == null ? "?" : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("invalid YAML"));
    } catch (IOException e) {
      problems.add(name + ": cannot be read: " + e.getMessage());
    }
    return null;
  }
}
