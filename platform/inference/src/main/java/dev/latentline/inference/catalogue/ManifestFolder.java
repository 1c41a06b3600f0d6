package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/** A folder with a manifest.json: its JSON files, and what every manifest has. */
final class ManifestFolder {
  static final String MANIFEST = "manifest.json";
  static final Pattern LINE = Pattern.compile("[^\\p{Cntrl}]{1,500}");
  static final Pattern NAME = Pattern.compile(Limits.NAME_PATTERN);

  /** Far above any real manifest; a larger file is something else. */
  private static final int MAX_BYTES = 1024 * 1024;

  private static final int MAX_FILES = 1000;
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(10)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path folder;
  private final String shown;
  private final List<String> problems;

  /**
   * @param shown the folder's place in the catalogue, for problems
   */
  ManifestFolder(Path folder, String shown, List<String> problems) {
    this.folder = folder;
    this.shown = shown;
    this.problems = problems;
  }

  /**
   * What manifest.json says, from which a card is made.
   *
   * @param digest sha256:{hex} of its bytes
   * @param files that it lists, by path
   */
  record Manifest(Fields fields, String digest, TreeMap<String, ModelFile> files) {}

  /**
   * The card of this folder, or null when a problem was noted.
   *
   * @param reads makes it of the manifest, all of whose fields it asks for
   */
  <T> T card(Function<Manifest, T> reads) {
    int before = problems.size();
    byte[] bytes = bounded(MANIFEST);
    Fields fields = bytes == null ? null : parse(MANIFEST, bytes);
    if (fields == null) {
      return null;
    }
    T card = reads.apply(new Manifest(fields, "sha256:" + Sha256.hex(bytes), files(fields)));
    fields.done();
    return problems.size() == before ? card : null;
  }

  /** Its bytes, or null when a problem was noted. */
  byte[] bounded(String path) {
    Path file = folder.resolve(path);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      problems.add(place(path) + ": missing, or not a plain file");
      return null;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length <= MAX_BYTES) {
        return bytes;
      }
      problems.add(place(path) + ": longer than " + MAX_BYTES + " bytes");
    } catch (IOException e) {
      problems.add(place(path) + ": cannot be read: " + e.getMessage());
    }
    return null;
  }

  /** The object in these bytes, or null when a problem was noted. */
  Fields parse(String path, byte[] bytes) {
    try {
      return Fields.of(place(path), JSON.readTree(bytes), problems);
    } catch (JacksonException e) {
      problems.add(
          place(path)
              + ": line "
              + (e.getLocation() == null ? "?" : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("invalid JSON"));
    } catch (IOException e) {
      problems.add(place(path) + ": " + e.getMessage());
    }
    return null;
  }

  String place(String path) {
    return shown + "/" + path;
  }

  /** The schema, and the name, which is the folder's. */
  String name(Fields manifest) {
    manifest.integer("schema", 1, 1);
    String stated = manifest.text("name", NAME, "a name (" + Limits.NAME_PATTERN + ")");
    String name = folder.getFileName().toString();
    if (!stated.isEmpty() && !stated.equals(name)) {
      manifest.problem("name", "is " + stated + ", but the folder is " + name);
    }
    return stated;
  }

  static String licence(Fields manifest) {
    return manifest.text("licence", LINE, "an SPDX expression in one line");
  }

  static String description(Fields manifest) {
    return manifest.text("description", LINE, "one line of text");
  }

  static Instant created(Fields manifest) {
    String text = manifest.text("created", LINE, "a time such as 2026-11-23T00:00:00Z");
    try {
      return text.isEmpty() ? Instant.EPOCH : Instant.parse(text);
    } catch (DateTimeParseException e) {
      manifest.problem("created", "must be a time such as 2026-11-23T00:00:00Z");
      return Instant.EPOCH;
    }
  }

  static TreeMap<String, ModelFile> files(Fields manifest) {
    TreeMap<String, ModelFile> files = new TreeMap<>();
    manifest
        .entries(
            "files",
            MAX_FILES,
            (path, file) -> {
              if (!isPlain(path) || path.equals(MANIFEST)) {
                manifest.problem(
                    "files[\"" + path + "\"]", "is no path of a file inside the model's folder");
              }
              return new ModelFile(
                  path,
                  file.longInteger("size", 0, Long.MAX_VALUE),
                  file.text("sha256", SHA256, "64 digits of lower-case hex"));
            })
        .forEach(file -> files.put(file.path(), file));
    return files;
  }

  /** Relative, with / between names that neither are hidden nor climb. */
  static boolean isPlain(String path) {
    for (String segment : path.split("/", -1)) {
      if (!SEGMENT.matcher(segment).matches()) {
        return false;
      }
    }
    return path.length() <= 300;
  }

  static String path(Fields fields, String key, TreeMap<String, ModelFile> files) {
    String path = fields.text(key, LINE, "the path of a file of the model");
    if (!path.isEmpty() && !files.containsKey(path)) {
      fields.problem(key, "is " + path + ", which \"files\" does not list");
    }
    return path;
  }
}
