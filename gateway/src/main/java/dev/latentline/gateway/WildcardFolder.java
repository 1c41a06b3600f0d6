package dev.latentline.gateway;

import dev.latentline.gateway.expand.Wildcards;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Reads the wildcards of a folder: {@code colours/warm.txt} is named {@code __colours/warm__}. What
 * begins with a dot is left out.
 */
final class WildcardFolder {
  private static final String SUFFIX = ".txt";
  private static final int MAX_DEPTH = 8;
  private static final int MAX_FILES = 10_000;

  /** Of all files: they are held in memory. */
  private static final long MAX_BYTES = 16L * 1024 * 1024;

  /** Problems that are told. */
  private static final int MOST_TOLD = 20;

  private WildcardFolder() {}

  /**
   * @throws IllegalArgumentException with what is wrong, naming files and lines
   */
  static Wildcards read(Path folder) {
    Map<String, List<String>> files = new TreeMap<>();
    long bytes = 0;
    try {
      Path root = folder.toRealPath();
      for (Path file : textFiles(root)) {
        // links inside of the folder are how Kubernetes mounts files
        if (!file.toRealPath().startsWith(root)) {
          throw wrong(root.relativize(file) + " links to a file outside of the folder");
        }
        bytes += Files.size(file);
        if (bytes > MAX_BYTES || files.size() == MAX_FILES) {
          throw wrong("more than " + MAX_FILES + " files, or " + MAX_BYTES + " bytes");
        }
        String path = root.relativize(file).toString().replace('\\', '/');
        files.put(path.substring(0, path.length() - SUFFIX.length()), lines(file, path));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the folder of wildcards cannot be read: " + folder, e);
    }
    try {
      return Wildcards.of(files);
    } catch (IllegalArgumentException e) {
      List<String> problems = e.getMessage().lines().toList();
      String more =
          problems.size() > MOST_TOLD ? "\nand " + (problems.size() - MOST_TOLD) + " more" : "";
      throw wrong(String.join("\n", problems.stream().limit(MOST_TOLD).toList()) + more);
    }
  }

  private static List<Path> textFiles(Path root) throws IOException {
    try (Stream<Path> walk = Files.walk(root, MAX_DEPTH, FileVisitOption.FOLLOW_LINKS)) {
      List<Path> found = new ArrayList<>();
      walk.filter(file -> file.toString().endsWith(SUFFIX) && Files.isRegularFile(file))
          .filter(file -> !isHidden(root.relativize(file)))
          .sorted()
          .forEach(found::add);
      return found;
    }
  }

  private static boolean isHidden(Path path) {
    for (Path name : path) {
      if (name.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static List<String> lines(Path file, String name) throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw wrong(name + " is not UTF-8");
    }
    return (text.startsWith("\ufeff") ? text.substring(1) : text).lines().toList();
  }

  private static IllegalArgumentException wrong(String problem) {
    return new IllegalArgumentException("latentline.wildcards: " + problem);
  }
}
