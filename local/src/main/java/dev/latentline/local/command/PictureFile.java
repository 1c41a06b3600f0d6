package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.local.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * A picture on this machine that a request names, as FILE or FILE:WEIGHT.
 *
 * @param option as it was written, for messages
 */
record PictureFile(String option, Path file, Optional<Float> weight) {
  /** The file, which may have a colon, and its weight: what ends in a number has one. */
  static final String PATTERN = "(.+?)(?::(-?[0-9]+(?:\\.[0-9]*)?|-?\\.[0-9]+))?";

  /**
   * @param weight as it was written; null where it was not
   * @throws CliException when that is no name of a file, or no weight from 0 to the highest
   */
  static PictureFile of(String option, String file, String weight, float maxWeight) {
    Optional<Float> number = Optional.ofNullable(weight).map(Float::valueOf);
    if (number.isPresent() && !(number.get() >= 0 && number.get() <= maxWeight)) {
      throw CliException.usage(
          String.format("%s: give a weight from 0 to %.0f", option, maxWeight));
    }
    try {
      return new PictureFile(option, Path.of(file), number);
    } catch (InvalidPathException e) {
      throw CliException.usage(option + ": that is no name of a file");
    }
  }

  /** What would go wrong whatever the gateway says. */
  void check() {
    try {
      if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
        throw CliException.usage(option + ": " + file + " cannot be read");
      }
      if (Files.size(file) > Limits.MAX_INPUT_BYTES) {
        throw CliException.usage(
            String.format(
                "%s: %s has more than %d MB, make it smaller",
                option, file, Limits.MAX_INPUT_BYTES / 1024 / 1024));
      }
    } catch (IOException e) {
      throw CliException.usage(option + ": " + file + " cannot be read");
    }
  }

  /**
   * @param upload sends a file, and has the id that it has then
   */
  void addTo(ObjectNode fields, Function<Path, String> upload) {
    fields.putObject("image").put("input", upload.apply(file));
    weight.ifPresent(number -> fields.put("weight", number));
  }
}
