package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A place in a catalogue that a folder is made for. It is made beside it and moved there in one go;
 * what was there before goes then, and nothing is left behind of one that fails.
 *
 * @param kind what is placed, with its article
 * @param replaces whether something may be there already
 * @param retires whether requests may still be pinned to what was there before
 */
record Placement(Path parent, String name, String kind, boolean replaces, boolean retires) {
  private static final String MANIFEST = "manifest.json";

  /** What was there before is deleted. */
  static Placement of(Path parent, ImportOrder order, String kind) {
    return new Placement(parent, order.name(), kind, order.replace(), false);
  }

  /** A model's: what was there before is kept for a while ({@link RetiredModels}). */
  static Placement ofModel(ImportOrder order) {
    return new Placement(order.models(), order.name(), "a model", order.replace(), true);
  }

  /** Fills a folder that is not there yet, and says what is wrong with it. */
  @FunctionalInterface
  interface Maker {
    List<String> fill(Path folder) throws IOException;
  }

  /**
   * @throws RefusedCheckpointException when something is there that must not be replaced
   */
  void requireFree() {
    if (Files.exists(target()) && !replaces) {
      throw new RefusedCheckpointException(
          "there is " + kind + " " + name + " already: choose another name, or replace it");
    }
  }

  /**
   * @return the folder in its place
   * @throws RefusedCheckpointException when something is wrong with what was made, or another took
   *     the place meanwhile
   */
  Path make(Maker maker) throws IOException {
    try (Workplace workplace = Workplace.in(parent)) {
      Path made = workplace.folder().resolve(name);
      List<String> problems = maker.fill(made);
      if (!problems.isEmpty()) {
        throw new RefusedCheckpointException("it cannot be used: " + String.join("; ", problems));
      }
      // making it may have taken minutes
      requireFree();
      if (Files.exists(target())) {
        setAside(made, workplace);
      }
      Path placed = place(made);
      WrittenFolder.force(parent);
      return placed;
    }
  }

  private void setAside(Path made, Workplace workplace) throws IOException {
    try {
      if (retires && isAnother(made)) {
        workplace.setAside(target(), new RetiredModels(parent).placeFor(target()));
      } else {
        workplace.setAside(target());
      }
    } catch (NoSuchFileException e) {
      throw overtaken();
    }
  }

  private Path place(Path made) throws IOException {
    try {
      // a folder takes the place of no other one that has something in it
      return Files.move(made, target(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (Files.exists(target())) {
        throw overtaken();
      }
      throw e;
    }
  }

  private RefusedCheckpointException overtaken() {
    return new RefusedCheckpointException(
        "another import to the name " + name + " was quicker: look at it, then try again");
  }

  /** Requests can be pinned to it; not where it has no manifest. */
  private boolean isAnother(Path made) throws IOException {
    Path manifest = target().resolve(MANIFEST);
    return Files.isRegularFile(manifest) && Files.mismatch(manifest, made.resolve(MANIFEST)) >= 0;
  }

  private Path target() {
    return parent.resolve(name);
  }
}
