package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of the catalogue that is being written: its files, and then the manifest that lists
 * them.
 */
final class WrittenFolder {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;

  /** Size and SHA-256 by path. */
  private final Map<String, ObjectNode> files = new TreeMap<>();

  WrittenFolder(Path folder) {
    this.folder = folder;
  }

  /** Writes a file. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * @throws RefusedCheckpointException when the disk has less free than will be taken
   */
  void requireRoom(String what, long bytes) throws IOException {
    Path existing = folder.getParent();
    long free = Files.getFileStore(existing).getUsableSpace();
    if (free < bytes) {
      throw new RefusedCheckpointException(
          what
              + " needs "
              + megabytes(bytes)
              + " MB in "
              + existing.getParent()
              + ", and "
              + megabytes(free)
              + " MB are free there");
    }
  }

  static long megabytes(long bytes) {
    return bytes / 1_000_000;
  }

  void write(String path, Content content) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    MessageDigest digest = Sha256.digest();
    // not buffered: contents come in large pieces
    try (FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        OutputStream out = new DigestOutputStream(Channels.newOutputStream(channel), digest)) {
      content.writeTo(out);
      channel.force(true);
    }
    ObjectNode listed = JSON.createObjectNode();
    listed.put("size", Files.size(file)).put("sha256", Sha256.hex(digest));
    files.put(path, listed);
  }

  /**
   * With the files that were written. All of the folder is on the disk then, not in caches only.
   */
  void writeManifest(ObjectNode manifest) throws IOException {
    ObjectNode listed = manifest.putObject("files");
    files.forEach(listed::set);
    Path file = folder.resolve("manifest.json");
    Files.write(file, pretty(manifest));
    force(file);
    List<Path> folders;
    try (Stream<Path> walk = Files.walk(folder)) {
      folders = walk.filter(Files::isDirectory).toList();
    }
    for (Path each : folders) {
      force(each);
    }
  }

  /**
   * Else a folder could have its name and, after a power cut, not its files.
   *
   * @param path a file, or a folder, of which its entries are meant
   */
  static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      channel.force(true);
    }
  }

  static byte[] pretty(ObjectNode node) throws IOException {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(lines);
    printer.indentArraysWith(lines);
    return JSON.writer(printer)
        .writeValueAsString(node)
        .concat("\n")
        .getBytes(StandardCharsets.UTF_8);
  }
}
