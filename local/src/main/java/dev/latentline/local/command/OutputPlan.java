package dev.latentline.local.command;

import dev.latentline.local.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Where the pictures of one call go, settled before anything is generated.
 *
 * <p>{@code --out FILE.png} is that file, for several pictures {@code FILE-0.png}, {@code
 * FILE-1.png}, ...; anything else is a folder, which gets {@code ID-INDEX.png}; without it the
 * working folder is taken.
 */
final class OutputPlan {
  private static final String EXTENSION = ".png";

  private final Path folder;
  private final Optional<String> stem;
  private final int count;

  private OutputPlan(Path folder, Optional<String> stem, int count) {
    this.folder = folder;
    this.stem = stem;
    this.count = count;
  }

  /**
   * @param out as given, or null
   * @throws CliException when nothing can be written there, before anything is generated
   */
  static OutputPlan of(String out, int count) {
    OutputPlan plan = plan(out, count);
    plan.checkWritable(out == null ? "." : out);
    return plan;
  }

  /** The file of one picture. */
  Path file(String generationId, int index) {
    String name =
        stem.map(s -> count == 1 ? s : s + "-" + index).orElse(generationId + "-" + index);
    return folder.resolve(name + EXTENSION);
  }

  /** Writes a whole picture or nothing. */
  Path write(String generationId, int index, byte[] picture) {
    Path file = file(generationId, index);
    try {
      // not Files.createTempFile: its files are readable for their owner alone
      Path unfinished = directory().resolve(".latentline-" + UUID.randomUUID() + ".part");
      try {
        Files.write(unfinished, picture, StandardOpenOption.CREATE_NEW);
        Files.move(
            unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(unfinished);
      }
      return file;
    } catch (IOException e) {
      throw CliException.failed(
          "cannot write "
              + file
              + " ("
              + reason(e)
              + "): make room there, or choose another --out");
    }
  }

  private static OutputPlan plan(String out, int count) {
    if (out == null) {
      return new OutputPlan(Path.of(""), Optional.empty(), count);
    }
    if (out.isBlank()) {
      throw CliException.usage("--out is empty: name a file that ends in .png, or a folder");
    }
    Path path;
    try {
      path = Path.of(out);
    } catch (InvalidPathException e) {
      throw CliException.usage("--out " + out + " is no path: " + e.getReason());
    }
    if (Files.isDirectory(path) || out.endsWith("/")) {
      return new OutputPlan(path, Optional.empty(), count);
    }
    String name = path.getFileName().toString();
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(EXTENSION) && name.length() > EXTENSION.length()) {
      Path parent = path.getParent();
      return new OutputPlan(
          parent == null ? Path.of("") : parent,
          Optional.of(name.substring(0, name.length() - EXTENSION.length())),
          count);
    }
    if (lower.matches(".*\\.(jpe?g|webp|gif|bmp|tiff?|avif)")) {
      throw CliException.usage(
          "--out " + out + ": pictures are PNG files, so name one that ends in .png, or a folder");
    }
    return new OutputPlan(path, Optional.empty(), count);
  }

  private void checkWritable(String out) {
    try {
      Files.createDirectories(directory());
      Files.delete(Files.createTempFile(directory(), ".latentline-", ".try"));
    } catch (IOException e) {
      throw CliException.failed(
          "cannot write to "
              + out
              + " ("
              + reason(e)
              + "): choose another --out; nothing was generated");
    }
    for (int index = 0; index < count && stem.isPresent(); index++) {
      Path file = file("", index);
      if (Files.isDirectory(file)) {
        throw CliException.failed(
            file + " is a folder: choose another --out; nothing was generated");
      }
    }
  }

  private Path directory() {
    return folder.toAbsolutePath();
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName().replace("Exception", "") + ": " + e.getMessage();
  }
}
