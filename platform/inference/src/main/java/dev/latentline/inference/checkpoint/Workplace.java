package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder beside those of a catalogue, and hidden from it, in which one is made. It is locked
 * while somebody works in it; what a process that was killed has left is cleared away by another.
 */
final class Workplace implements AutoCloseable {
  private static final String PREFIX = ".importing-";
  private static final String LOCK = ".lock";

  /** Says where the folder went whose place is being taken, from the workplace's parent. */
  private static final String ASIDE = ".aside";

  private final Path folder;
  private final FileChannel lock;

  private Workplace(Path folder, FileChannel lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /** Makes one. */
  static Workplace in(Path parent) throws IOException {
    Files.createDirectories(parent);
    while (true) {
      Path folder = Files.createTempDirectory(parent, PREFIX);
      Optional<FileChannel> lock = lock(folder);
      if (lock.isPresent()) {
        return new Workplace(folder, lock.get());
      }
      // somebody who clears was quicker
    }
  }

  /** Empty where another has it, or has cleared it away. */
  private static Optional<FileChannel> lock(Path folder) throws IOException {
    Path file = folder.resolve(LOCK);
    FileChannel channel;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      if (channel.tryLock() != null && Files.exists(file)) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException e) {
      // another thread has it
    }
    channel.close();
    return Optional.empty();
  }

  /** Clears away those in a folder that nobody works in any more. */
  static void clear(Path parent) throws IOException {
    if (!Files.isDirectory(parent)) {
      return;
    }
    List<Path> found;
    try (Stream<Path> entries = Files.list(parent)) {
      found =
          entries
              .filter(Files::isDirectory)
              .filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
              .toList();
    }
    for (Path each : found) {
      Optional<FileChannel> lock = lock(each);
      if (lock.isPresent()) {
        new Workplace(each, lock.get()).close();
      }
    }
  }

  Path folder() {
    return folder;
  }

  /** Takes a folder out of its place; it goes away with the workplace. */
  void setAside(Path target) throws IOException {
    setAside(target, folder.resolve(".replaced").resolve(target.getFileName()));
  }

  /**
   * Takes a folder out of its place. It comes back when the workplace goes and its place is empty.
   *
   * @param to with the same name, under the same parent
   */
  void setAside(Path target, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.writeString(folder.resolve(ASIDE), folder.getParent().relativize(to).toString());
    Files.move(target, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes it. */
  @Override
  public void close() throws IOException {
    try (lock) {
      bringBack();
      RetiredModels.delete(folder);
    }
  }

  private void bringBack() throws IOException {
    Path written = folder.resolve(ASIDE);
    String place = Files.exists(written) ? Files.readString(written) : "";
    if (place.isEmpty()) {
      return;
    }
    Path aside = folder.resolveSibling(place);
    Path target = folder.resolveSibling(aside.getFileName());
    if (Files.exists(aside) && !Files.exists(target)) {
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }
}
