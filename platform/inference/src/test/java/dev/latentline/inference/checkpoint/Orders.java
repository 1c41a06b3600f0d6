package dev.latentline.inference.checkpoint;

import dev.latentline.testkit.RandomCheckpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Imports with the templates of tests. */
final class Orders {
  static final List<Path> TEMPLATES = RandomCheckpoint.allTemplates();

  private Orders() {}

  static ImportOrder of(Path checkpoint, Path models) {
    return of(checkpoint, models, null, null);
  }

  /**
   * @param sha256 null: any
   * @param prediction null: as the checkpoint says
   */
  static ImportOrder of(Path checkpoint, Path models, String sha256, String prediction) {
    return new ImportOrder(
        checkpoint,
        Optional.empty(),
        Optional.ofNullable(sha256),
        "my-model",
        Optional.empty(),
        Optional.ofNullable(prediction).flatMap(Prediction::byId),
        TEMPLATES,
        models,
        false);
  }
}
