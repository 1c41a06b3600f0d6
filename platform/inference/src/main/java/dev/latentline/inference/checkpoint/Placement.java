package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A place in a catalogue that a folder is made for. It is made beside it and moved there in one go;
 * what was there before goes then, and nothing is left behind of one that fails.
 *
 * @param retires whether requests may still be pinned to what was there before
 */
record Placement(Path parent, String name, boolean retires) {
  private static final String MANIFEST = "manifest.json";

  /** What was there before is deleted. */
  static Placement of(Path parent, String name) {
    return new Placement(parent, name, false);
  }

  /** A model's: what was there before is kept for a while ({@link RetiredModels}). */
  static Placement ofModel(Path parent, String name) {
    return new Placement(parent, name, true);
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
      if (Files.exists(target) && retires && !isSame(target, made)) {
        new RetiredModels(parent).retire(target);
      } else if (Files.exists(target)) {
        Files.move(target, workplace.resolve(".replaced"), StandardCopyOption.ATOMIC_MOVE);
      }
      return Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      RetiredModels.delete(workplace);
    }
  }

  private static boolean isSame(Path target, Path made) throws IOException {
    return Files.mismatch(target.resolve(MANIFEST), made.resolve(MANIFEST)) < 0;
  }
}
