package dev.latentline.local.hub;

import dev.latentline.local.CliException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder that one commit of a repository is gathered in, {@code OWNER/COMMIT/NAME}: it outlives
 * a call that breaks off, and one call has it at a time.
 */
public final class DownloadFolder implements AutoCloseable {
  private static final String FILES = "files";

  private final Path home;
  private final Path path;
  private final FileChannel channel;

  private DownloadFolder(Path home, Path path, FileChannel channel) {
    this.home = home;
    this.path = path;
    this.channel = channel;
  }

  /**
   * Takes it, and makes it where it is not there.
   *
   * @param variant whose files have a folder of their own
   * @throws CliException when another call has it
   */
  public static DownloadFolder open(
      Path downloads, HubRepository repository, Optional<String> variant) throws IOException {
    Path home =
        downloads
            .resolve(repository.name().owner())
            .resolve(repository.commit() + variant.map(name -> "." + name).orElse(""));
    Path path = home.resolve(FILES).resolve(repository.name().repository());
    Files.createDirectories(path);
    FileChannel channel =
        FileChannel.open(home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock == null) {
      channel.close();
      throw CliException.failed(
          "another call is fetching " + repository.name().id() + ": wait for it, then try again");
    }
    return new DownloadFolder(home, path, channel);
  }

  /** Where the files are, by their paths in the repository. */
  public Path path() {
    return path;
  }

  /** Takes away files that were fetched, and the folder where it has no others. */
  public void delete(List<HubFile> files) throws IOException {
    for (HubFile file : files) {
      Files.deleteIfExists(path.resolve(file.path()));
    }
    try (Stream<Path> walk = Files.walk(home.resolve(FILES))) {
      if (walk.anyMatch(Files::isRegularFile)) {
        return;
      }
    }
    List<Path> inside;
    try (Stream<Path> walk = Files.walk(home)) {
      inside = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : inside) {
      Files.delete(each);
    }
    try {
      Files.delete(home.getParent());
    } catch (DirectoryNotEmptyException e) {
      // its owner has other repositories here
    }
  }

  /** Lets another call have it. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
