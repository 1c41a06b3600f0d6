package dev.latentline.denoiser.network;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RuntimeClasses;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The networks of every model of a pool. Opening reads and loads them all, which takes seconds for
 * large ones. Thread-safe.
 */
public final class PoolModels implements AutoCloseable {
  private final Catalogue catalogue;
  private final RuntimeClass runtime;
  private final BatchSizes sizes;
  private final Map<String, LoadedModel> byDigest = new HashMap<>();

  /**
   * @throws InvalidCatalogueException when there is no such pool, or a network's files are not
   *     those of its manifest
   */
  public PoolModels(Catalogue catalogue, String pool, SessionSettings settings, BatchSizes sizes) {
    this.catalogue = catalogue;
    this.runtime = RuntimeClasses.current(settings, 1);
    this.sizes = sizes;
    List<ModelCard> models = catalogue.modelsOf(pool);
    List<String> problems = new ArrayList<>();
    models.forEach(model -> problems.addAll(model.verify(model.filesOf(model.unet().model()))));
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (ModelCard model : models) {
      String graph = model.unet().model();
      ModelSession session = ModelSession.open(model.file(graph), model.weightsOf(graph), settings);
      byDigest.put(
          model.digest(),
          new LoadedModel(
              model, new UNetRunner(session, sizes), TrainedNoise.of(model.scheduler())));
    }
  }

  /**
   * The model that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when it is not one of this pool's
   */
  public LoadedModel require(ModelRef pinned) {
    LoadedModel model = byDigest.get(catalogue.require(pinned).digest());
    if (model == null) {
      throw new Failure.Rejected(
          "model_unavailable", "The model " + pinned.getName() + " is not one of this pool's");
    }
    return model;
  }

  /** How many there are. */
  public int size() {
    return byDigest.size();
  }

  /**
   * The class of runs here of a picture that needs so many answers in a step.
   *
   * @param fixedBatch whether the picture insists on one batch size
   */
  public RuntimeClass runtimeClass(int rows, boolean fixedBatch) {
    return runtime.toBuilder().setBatch(sizes.of(rows, fixedBatch)).build();
  }

  @Override
  public void close() {
    byDigest.values().forEach(model -> model.network().close());
  }
}
