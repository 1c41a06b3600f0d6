package dev.latentline.inference.checkpoint;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Sha256;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Models whose places others took. Requests that were accepted before are pinned to them, so they
 * stay until the last of these is over, whatever became of it: until its deadline.
 *
 * @param models the catalogue's folder that they were in
 */
public record RetiredModels(Path models) {
  /** Longer than any request can live. */
  static final Duration KEPT = Limits.MAX_DEADLINE.plus(Duration.ofHours(1));

  /** Where a model goes whose place another takes; nothing is there. */
  Path placeFor(Path model) throws IOException {
    String digest = "sha256:" + Sha256.hex(Files.readAllBytes(model.resolve("manifest.json")));
    Path retired = ModelCard.retiredFolder(model, digest);
    delete(retired.getParent());
    return retired;
  }

  /** Deletes those that no request can be pinned to any more. */
  public void removeExpired(Instant now) throws IOException {
    if (!Files.isDirectory(folder())) {
      return;
    }
    List<Path> versions;
    try (Stream<Path> entries = Files.list(folder())) {
      versions = entries.toList();
    }
    for (Path version : versions) {
      // a folder's time is when something was last moved into it
      Instant retired = Files.getLastModifiedTime(version).toInstant();
      if (retired.plus(KEPT).isBefore(now)) {
        delete(version);
      }
    }
  }

  private Path folder() {
    return models.resolve(Catalogue.RETIRED);
  }

  /** With all that is in it; nothing where there is none. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> inside;
    try (Stream<Path> walk = Files.walk(folder)) {
      inside = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : inside) {
      Files.delete(path);
    }
  }
}
