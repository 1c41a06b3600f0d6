package dev.latentline.inference.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a file is by its first bytes: its name may say anything. */
final class FileKind {
  private static final int FIRST_BYTES = 64;

  private FileKind() {}

  /**
   * Refuses what is known to be something else, with what to do about it.
   *
   * @throws RefusedCheckpointException also when there is no such file
   */
  static void requireSafetensors(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new RefusedCheckpointException("there is no file " + file);
    }
    byte[] first;
    try (InputStream in = Files.newInputStream(file)) {
      first = in.readNBytes(FIRST_BYTES);
    }
    String problem = problem(first);
    if (problem != null) {
      throw new RefusedCheckpointException(file.getFileName() + " " + problem);
    }
  }

  private static String problem(byte[] first) {
    String text = new String(first, StandardCharsets.ISO_8859_1);
    // PyTorch writes a zip with a pickle in it, and once wrote the pickle alone
    if (text.startsWith("PK\u0003\u0004") || text.startsWith("\u0080\u0002")) {
      return "is a pickle (.ckpt, .pt, .bin), which can run any code when it is loaded: get the same"
          + " model as .safetensors, or convert it on a machine that may be lost";
    }
    if (text.startsWith("GGUF")) {
      return "is a GGUF file with quantised weights: get the same model as .safetensors";
    }
    if (text.startsWith("version https://git-lfs")) {
      return "is only Git LFS's pointer to the file: run git lfs pull where it came from";
    }
    // a safetensors file may begin so too: its first eight bytes are a length, the last of them 0
    if (text.stripLeading().startsWith("<") && text.indexOf('\0') < 0) {
      return "is a web page, not a model: the download needs another address, or a login";
    }
    return null;
  }
}
