package dev.latentline.local.hub;

import dev.latentline.contract.Sha256;
import dev.latentline.local.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Fetches files of a repository into a folder. What is there is not fetched again, a file that was
 * broken off goes on where it ended, by another call too; a file has its name only once its digest
 * was found to be the hub's.
 */
public final class Download {
  private static final int ATTEMPTS = 5;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int SHA256_DIGITS = 64;

  private final HubClient hub;
  private final HubRepository repository;
  private final Path folder;
  private final Duration firstPause;
  private final Watcher watcher;
  private long fetched;

  /** Told how far it is. */
  public interface Watcher {
    /** So many bytes of all are still to be fetched. */
    void begin(int files, long missing, long all);

    /** So many bytes of all files are there. */
    void fetched(long bytes);

    /** Something worth a line. */
    void note(String line);
  }

  /**
   * @param folder that is there, and that nobody else uses
   */
  public Download(HubClient hub, HubRepository repository, Path folder, Watcher watcher) {
    this(hub, repository, folder, watcher, FIRST_PAUSE);
  }

  Download(
      HubClient hub, HubRepository repository, Path folder, Watcher watcher, Duration firstPause) {
    this.hub = hub;
    this.repository = repository;
    this.folder = folder;
    this.watcher = watcher;
    this.firstPause = firstPause;
  }

  /**
   * Fetches what is not there.
   *
   * @throws CliException when there is no room, the hub refuses, or its bytes are not those that it
   *     names
   * @throws IOException when it does not answer several times in a row, or the disk cannot be read
   */
  public void run(List<HubFile> chosen) throws IOException {
    List<HubFile> files = hub.described(repository, chosen);
    long all = together(files);
    long missing = all;
    for (HubFile file : files) {
      missing -= isThere(file) ? file.bytes() : Math.min(file.bytes(), size(part(file)));
    }
    watcher.begin(files.size(), missing, all);
    requireRoom(missing, all);
    for (HubFile file : files) {
      if (!isThere(file)) {
        fetch(file);
      }
      fetched += file.bytes();
      watcher.fetched(fetched);
    }
  }

  private static long together(List<HubFile> files) {
    try {
      return files.stream().mapToLong(HubFile::bytes).reduce(0, Math::addExact);
    } catch (ArithmeticException e) {
      throw CliException.failed(
          "the hub says that the files have more bytes than any disk: name another repository");
    }
  }

  private void requireRoom(long missing, long all) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (missing > free) {
      throw CliException.failed(
          String.format(
              Locale.ROOT,
              "%.2f GB are still to be fetched, and %s has room for %.2f GB: make room there, or"
                  + " set LATENTLINE_STATE to a folder elsewhere",
              missing / 1e9,
              folder,
              free / 1e9));
    }
    if (all > free - missing) {
      watcher.note("when all is fetched there may be too little room to import it");
    }
  }

  /** It has its name since its digest was found right. */
  private boolean isThere(HubFile file) throws IOException {
    return Files.isRegularFile(target(file)) && Files.size(target(file)) == file.bytes();
  }

  private static long size(Path file) throws IOException {
    return Files.isRegularFile(file) ? Files.size(file) : 0;
  }

  private Path target(HubFile file) {
    return folder.resolve(file.path());
  }

  private Path part(HubFile file) {
    return folder.resolve(file.path() + ".part");
  }

  private void fetch(HubFile file) throws IOException {
    Path part = part(file);
    Files.createDirectories(part.getParent());
    int failures = 0;
    while (!Files.exists(part) || Files.size(part) < file.bytes()) {
      long had = size(part);
      try {
        append(file, part);
      } catch (IOException e) {
        failures = size(part) > had ? 1 : failures + 1;
        if (failures == ATTEMPTS) {
          throw e;
        }
        Duration pause = firstPause.multipliedBy(1L << (failures - 1));
        watcher.note(
            file.path()
                + " broke off ("
                + e.getMessage()
                + "), going on in "
                + Math.max(1, pause.toSeconds())
                + " s");
        rest(pause);
      }
    }
    requireRight(file, part);
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
      // else a file could have its name and, after a power cut, not its bytes
      channel.force(true);
    }
    Files.move(
        part, target(file), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * @throws IOException when the hub broke off
   * @throws CliException when the disk did
   */
  private void append(HubFile file, Path part) throws IOException {
    HubClient.Body body = hub.open(repository, file, size(part));
    try (InputStream in = body.bytes();
        OutputStream out = opened(part, body.from() > 0)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long have = body.from();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        have += read;
        if (have > file.bytes()) {
          throw CliException.failed(
              file.path() + " is longer than the hub says: try again, or name another revision");
        }
        write(out, buffer, read, part);
        watcher.fetched(fetched + have);
      }
      if (have < file.bytes()) {
        throw new IOException("after " + have + " of " + file.bytes() + " bytes");
      }
    }
  }

  private static OutputStream opened(Path part, boolean goesOn) {
    try {
      return goesOn
          ? Files.newOutputStream(part, StandardOpenOption.APPEND)
          : Files.newOutputStream(part);
    } catch (IOException e) {
      throw unwritable(part, e);
    }
  }

  private static void write(OutputStream out, byte[] bytes, int length, Path part) {
    try {
      out.write(bytes, 0, length);
    } catch (IOException e) {
      throw unwritable(part, e);
    }
  }

  private static CliException unwritable(Path part, IOException e) {
    return CliException.failed(
        "cannot write "
            + part
            + " ("
            + e.getMessage()
            + "): make room or give leave there, or set LATENTLINE_STATE to a folder elsewhere");
  }

  private void requireRight(HubFile file, Path part) throws IOException {
    String named = file.digest().orElseThrow();
    String found =
        digest(part, named.length() == SHA256_DIGITS ? Sha256.digest() : gitBlob(file.bytes()));
    if (!found.equals(named)) {
      Files.delete(part);
      throw CliException.failed(
          file.path()
              + " arrived with other bytes than the hub names ("
              + found
              + ", not "
              + named
              + "), and was deleted: try again");
    }
  }

  /** Git's name of a content begins with "blob LENGTH" and a zero. */
  private static MessageDigest gitBlob(long bytes) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      sha1.update(("blob " + bytes + "\0").getBytes(StandardCharsets.US_ASCII));
      return sha1;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  private static String digest(Path file, MessageDigest digest) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void rest(Duration pause) throws IOException {
    try {
      // nobody releases it: a pause that can be interrupted
      new Semaphore(0).tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
