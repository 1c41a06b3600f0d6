package dev.latentline.local.stack;

import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.S3Store;
import dev.latentline.local.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.Properties;

/**
 * The folder that holds all of one stack: {@code data/}, {@code logs/}, {@code secrets.properties}
 * (for its owner alone), {@code models/}, {@code downloads/}, {@code wildcards/}, {@code
 * styles.csv}, {@code stack.json} while it runs, {@code lock}.
 */
public record StateFolder(Path path) {
  private static final int SECRET_BYTES = 32;
  private static final String STORE_SECRET = "store.secret-key";
  private static final String MASTER_SECRET = "master-secret";

  /** {@code LATENTLINE_STATE}, or {@code .latentline} in the checkout. */
  public static StateFolder current(Checkout checkout) {
    String named = System.getenv("LATENTLINE_STATE");
    return new StateFolder(
        named == null || named.isBlank()
            ? checkout.root().resolve(".latentline")
            : Path.of(named).toAbsolutePath().normalize());
  }

  Path data(String name) {
    return path.resolve("data").resolve(name);
  }

  /** The models that were imported on this machine. */
  public Path models() {
    return path.resolve("models");
  }

  /** What was fetched for a model and is not one yet. */
  public Path downloads() {
    return path.resolve("downloads");
  }

  /** What dynamic prompts can name, where somebody put it there. */
  Path wildcards() {
    return path.resolve("wildcards");
  }

  /** The styles, where somebody put them there. */
  Path styles() {
    return path.resolve("styles.csv");
  }

  /** The log of a part of the stack. */
  public Path log(String name) {
    return path.resolve("logs").resolve(name + ".log");
  }

  Path stackFile() {
    return path.resolve("stack.json");
  }

  /**
   * Takes the folder for this process.
   *
   * @return empty when another process has it
   */
  Optional<FileLock> lock() {
    try {
      Files.createDirectories(path.resolve("logs"));
      FileChannel channel =
          FileChannel.open(
              path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
      }
      return Optional.ofNullable(lock);
    } catch (IOException e) {
      throw CliException.failed(
          "cannot use "
              + path
              + " for data and logs ("
              + e.getMessage()
              + "): make it writable, or set LATENTLINE_STATE to another folder");
    }
  }

  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** The secrets of this stack, made when there are none yet. */
  Secrets secrets() {
    Path file = path.resolve("secrets.properties");
    try {
      if (!Files.exists(file)) {
        write(file);
      }
      Properties stored = new Properties();
      try (InputStream in = Files.newInputStream(file)) {
        stored.load(in);
      }
      String store = stored.getProperty(STORE_SECRET, "");
      String master = stored.getProperty(MASTER_SECRET, "");
      if (store.isEmpty() || master.isEmpty()) {
        throw CliException.failed(
            file
                + " lacks "
                + (store.isEmpty() ? STORE_SECRET : MASTER_SECRET)
                + ": delete the file, and new secrets are made");
      }
      return new Secrets(new S3Store.Keys("latentline", store), master);
    } catch (IOException e) {
      throw CliException.failed(
          "cannot read or write " + file + " (" + e.getMessage() + "): make it readable");
    }
  }

  private static void write(Path file) throws IOException {
    Properties made = new Properties();
    made.setProperty(STORE_SECRET, random());
    made.setProperty(MASTER_SECRET, random());
    Path unfinished = file.resolveSibling(file.getFileName() + ".part");
    Files.deleteIfExists(unfinished);
    try {
      Files.createFile(
          unfinished,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException e) {
      throw CliException.failed(unfinished + " is being written by another process: try again");
    }
    try (OutputStream out = Files.newOutputStream(unfinished)) {
      made.store(out, "Secrets of this stack. Without this file its webhooks sign anew.");
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String random() {
    byte[] bytes = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * What must not be known.
   *
   * @param master the secrets of webhook endpoints are derived from it
   */
  record Secrets(S3Store.Keys store, String master) {
    @Override
    public String toString() {
      return "Secrets";
    }
  }
}
