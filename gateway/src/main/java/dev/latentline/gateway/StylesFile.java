package dev.latentline.gateway;

import dev.latentline.gateway.expand.Styles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the styles of a styles.csv. */
final class StylesFile {
  private static final long MAX_BYTES = 4L * 1024 * 1024;

  private StylesFile() {}

  /**
   * @throws IllegalArgumentException with what is wrong, naming the styles
   */
  static Styles read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw wrong("more than " + MAX_BYTES + " bytes");
      }
      String text = Files.readString(file);
      return Styles.parse(text.startsWith("\ufeff") ? text.substring(1) : text);
    } catch (CharacterCodingException e) {
      throw wrong("it is not UTF-8");
    } catch (IOException e) {
      throw new UncheckedIOException("the file of styles cannot be read: " + file, e);
    } catch (IllegalArgumentException e) {
      throw e.getMessage().startsWith(KEY) ? e : wrong(e.getMessage());
    }
  }

  private static final String KEY = "latentline.styles: ";

  private static IllegalArgumentException wrong(String problem) {
    return new IllegalArgumentException(KEY + problem);
  }
}
