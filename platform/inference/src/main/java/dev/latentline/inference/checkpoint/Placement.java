package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A place in a catalogue that a folder is made for. It is made beside it and moved there in one go;
 * what was there before goes then, and nothing is left behind of one that fails.
 */
record Placement(Path parent, String name) {
  static Placement of(Path parent, String name) {
    return new Placement(parent, name);
  }

  /** Fills a folder that is not there yet, and says what is wrong with it. */
  @FunctionalInterface
  interface Maker {
    List<String> fill(Path folder) throws IOException;
  }

  /**
   * @return the folder in its place
   * @throws RefusedCheckpointException when something is wrong with what was made
   */
  Path make(Maker maker) throws IOException {
    Files.createDirectories(parent);
    Path target = parent.resolve(name);
    // hidden from the catalogue
    Path workplace = Files.createTempDirectory(parent, ".importing-");
    try {
      Path made = workplace.resolve(name);
      List<String> problems = maker.fill(made);
      if (!problems.isEmpty()) {
        throw new RefusedCheckpointException("it cannot be used: " + String.join("; ", problems));
      }
      if (Files.exists(target)) {
        Files.move(target, workplace.resolve(".replaced"), StandardCopyOption.ATOMIC_MOVE);
      }
      return Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(workplace);
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> inside;
    try (Stream<Path> walk = Files.walk(folder)) {
      inside = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : inside) {
      Files.delete(path);
    }
  }
}
