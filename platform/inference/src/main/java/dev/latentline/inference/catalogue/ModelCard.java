package dev.latentline.inference.catalogue;

import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model of this installation, as its manifest.json describes it. Every path that it names is one
 * of files, relative to folder, with / between names.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of every other file
 * @param family what may be shared between models (LoRA, control networks); data, never a branch
 * @param licence an SPDX expression
 * @param textEncoders at least one; their rows are joined side by side
 * @param files by path, ascending
 */
public record ModelCard(
    String name,
    String digest,
    Path folder,
    String family,
    String licence,
    String description,
    Instant created,
    Defaults defaults,
    ModelLimits limits,
    List<TextEncoder> textEncoders,
    UNet unet,
    Vae vae,
    SchedulerConfig scheduler,
    Map<String, ModelFile> files) {

  /** Files beside the manifest that explain and do nothing. */
  private static final int BUFFER_BYTES = 256 * 1024;

  private static final Set<String> UNLISTED =
      Set.of(ManifestReader.MANIFEST, "README.md", "LICENSE", "NOTICE");

  public ModelCard {
    textEncoders = List.copyOf(textEncoders);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** The name with the digest, as a request pins it. */
  public String reference() {
    return name + "@" + digest;
  }

  /**
   * Where a file of the model lies.
   *
   * @throws IllegalArgumentException when the manifest does not list it
   */
  public Path file(String path) {
    if (!files.containsKey(path)) {
      throw new IllegalArgumentException("model " + name + " has no file " + path);
    }
    return folder.resolve(path);
  }

  /**
   * Holds every file against the manifest: reads the whole model (about a second for 500 MB).
   *
   * @return what is wrong, each with the file's name: missing, no plain file, of another size or
   *     content, or there without being listed; empty when all is well
   */
  public List<String> verify() {
    List<String> problems = new ArrayList<>(verify(files.keySet()));
    problems.addAll(unlisted());
    return problems;
  }

  /** Holds only these files against the manifest: those that a service is about to use. */
  public List<String> verify(Collection<String> paths) {
    List<String> problems = new ArrayList<>();
    for (String path : new TreeSet<>(paths)) {
      file(path);
      String problem = problem(files.get(path));
      if (problem != null) {
        problems.add(name + "/" + path + ": " + problem);
      }
    }
    return problems;
  }

  private String problem(ModelFile expected) {
    Path file = folder;
    for (String segment : expected.path().split("/")) {
      file = file.resolve(segment);
      if (Files.isSymbolicLink(file)) {
        return "reached through a symbolic link; put the file itself there";
      }
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return "missing";
    }
    try {
      long size = Files.size(file);
      if (size != expected.sizeBytes()) {
        return "altered: " + size + " bytes instead of " + expected.sizeBytes();
      }
      String sha256 = sha256(file);
      return sha256.equals(expected.sha256())
          ? null
          : "altered: SHA-256 " + sha256 + " instead of " + expected.sha256();
    } catch (IOException e) {
      return "cannot be read: " + e.getMessage();
    }
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return Sha256.hex(digest);
  }

  /** A graph may refer to a data file beside it; one that the digest does not cover is refused. */
  private List<String> unlisted() {
    try (Stream<Path> found = Files.walk(folder)) {
      return found
          .filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .map(path -> folder.relativize(path).toString().replace('\\', '/'))
          .filter(path -> !files.containsKey(path) && !UNLISTED.contains(path))
          .sorted()
          .map(path -> name + "/" + path + ": not listed in " + ManifestReader.MANIFEST)
          .collect(Collectors.toList());
    } catch (IOException e) {
      return List.of(name + ": cannot be listed: " + e.getMessage());
    }
  }
}
