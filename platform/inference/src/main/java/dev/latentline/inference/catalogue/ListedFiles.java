package dev.latentline.inference.catalogue;

import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files that a manifest lists.
 *
 * @param shown the folder's place in the catalogue, for problems
 * @param files by path, relative to folder
 */
record ListedFiles(String shown, Path folder, Map<String, ModelFile> files) {
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final String WEIGHTS = "weights.safetensors";

  /** Files beside the manifest that explain and do nothing. */
  private static final Set<String> UNLISTED =
      Set.of(ManifestFolder.MANIFEST, "README.md", "LICENSE", "NOTICE");

  /** See {@link ModelCard#file}. */
  Path file(String path) {
    if (!files.containsKey(path)) {
      throw new IllegalArgumentException("model " + shown + " has no file " + path);
    }
    return folder.resolve(path);
  }

  /** See {@link ModelCard#weightsOf}. */
  Optional<Path> weightsOf(String graph) {
    String beside = graph.substring(0, graph.lastIndexOf('/') + 1) + WEIGHTS;
    return Optional.of(beside).filter(files::containsKey).map(this::file);
  }

  /** See {@link ModelCard#verify()}. */
  List<String> verify() {
    return verify(bytes -> {});
  }

  /** See {@link Installed#verify}. */
  List<String> verify(LongConsumer read) {
    List<String> problems = new ArrayList<>(verify(files.keySet(), read));
    problems.addAll(unlisted());
    return problems;
  }

  /** See {@link ModelCard#verify(Collection)}. */
  List<String> verify(Collection<String> paths) {
    return verify(paths, bytes -> {});
  }

  private List<String> verify(Collection<String> paths, LongConsumer read) {
    List<String> problems = new ArrayList<>();
    for (String path : new TreeSet<>(paths)) {
      file(path);
      String problem = problem(files.get(path), read);
      if (problem != null) {
        problems.add(shown + "/" + path + ": " + problem);
      }
    }
    return problems;
  }

  private String problem(ModelFile expected, LongConsumer read) {
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
      String sha256 = sha256(file, read);
      return sha256.equals(expected.sha256())
          ? null
          : "altered: SHA-256 " + sha256 + " instead of " + expected.sha256();
    } catch (IOException e) {
      return "cannot be read: " + e.getMessage();
    }
  }

  private static String sha256(Path file, LongConsumer progress) throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
        progress.accept(read);
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
          .map(path -> shown + "/" + path + ": not listed in " + ManifestFolder.MANIFEST)
          .collect(Collectors.toList());
    } catch (IOException e) {
      return List.of(shown + ": cannot be listed: " + e.getMessage());
    }
  }
}
