package dev.latentline.denoiser.network;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.lora.ChangedModel;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RuntimeClasses;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;

/**
 * The networks of every model of a pool. Opening reads and loads them all and has them run once
 * with every batch ({@link WarmUp}), which takes seconds for large ones. Thread-safe.
 */
public final class PoolModels implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(PoolModels.class);

  /** Enough for two networks of Stable Diffusion 1.5's size. */
  public static final long DEFAULT_LORA_BYTES = 8L << 30;

  private final Catalogue catalogue;
  private final RuntimeClass runtime;
  private final BatchSizes sizes;
  private final SessionSettings settings;
  private final Map<String, LoadedModel> byDigest = new HashMap<>();
  private final BoundedSessions<ChangedModel, UNetRunner> changed;

  /**
   * @throws InvalidCatalogueException when there is no such pool, or a network's files are not
   *     those of its manifest
   */
  public PoolModels(Catalogue catalogue, String pool, SessionSettings settings, BatchSizes sizes) {
    this(catalogue, pool, settings, sizes, DEFAULT_LORA_BYTES);
  }

  /**
   * @param sizes those that the device has no memory for are left out
   * @param loraBytes how much of networks with LoRAs is kept in memory, beside those without
   * @throws InvalidCatalogueException when there is no such pool, or a network's files are not
   *     those of its manifest
   * @throws OutOfDeviceMemoryException when the device has no memory for them, or for the smallest
   *     batch
   */
  public PoolModels(
      Catalogue catalogue,
      String pool,
      SessionSettings settings,
      BatchSizes sizes,
      long loraBytes) {
    this(catalogue, pool, settings, sizes, loraBytes, UnaryOperator.identity());
  }

  /**
   * @param warmedUp what is run in place of each network before they are used
   */
  PoolModels(
      Catalogue catalogue,
      String pool,
      SessionSettings settings,
      BatchSizes sizes,
      long loraBytes,
      UnaryOperator<NoisePredictor> warmedUp) {
    this.catalogue = catalogue;
    this.settings = settings;
    this.changed = new BoundedSessions<>(loraBytes);
    this.runtime = RuntimeClasses.current(settings, 1);
    List<ModelCard> models = catalogue.modelsOf(pool);
    List<String> problems = new ArrayList<>();
    models.forEach(model -> problems.addAll(model.verify(model.filesOf(model.unet().model()))));
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    Map<ModelCard, ModelSession> sessions = new LinkedHashMap<>();
    try {
      // all weights are there before any batch takes of the memory
      for (ModelCard model : models) {
        String graph = model.unet().model();
        sessions.put(model, ModelSession.open(model.file(graph), model.weightsOf(graph), settings));
      }
      WarmUp warmUp = new WarmUp(settings.device());
      BatchSizes fitting = sizes;
      for (ModelCard model : models) {
        NoisePredictor network = new UNetRunner(sessions.get(model), sizes);
        fitting = warmUp.run(model, warmedUp.apply(network), fitting);
      }
      this.sizes = fitting;
    } catch (RuntimeException e) {
      sessions.values().forEach(ModelSession::close);
      throw e;
    }
    sessions.forEach(
        (model, session) ->
            byDigest.put(
                model.digest(),
                new LoadedModel(
                    model,
                    new UNetRunner(session, this.sizes),
                    TrainedNoise.of(model.scheduler()))));
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

  /**
   * The network of a model with LoRAs, or that of the model where they leave it as it is. Loads it
   * where it is not yet there, and waits for room where others are in use.
   *
   * @param loras as a request pins them
   * @param goOn whether the caller still wants it; asked while it waits
   * @return empty when it does not
   * @throws Failure.Rejected with code {@code lora_unavailable} when one is not here, or does not
   *     fit
   */
  public Optional<HeldNetwork> network(LoadedModel model, List<Lora> loras, BooleanSupplier goOn) {
    ChangedModel wanted =
        ChangedModel.of(
            model.card(), model.card().unet().model(), LoraSet.of(catalogue, model.card(), loras));
    if (wanted.isUnchanged()) {
      return Optional.of(HeldNetwork.of(model.network()));
    }
    return changed
        .acquire(wanted, wanted.bytes(), () -> load(wanted), goOn)
        .map(held -> new HeldNetwork(held.session(), held::close));
  }

  private UNetRunner load(ChangedModel wanted) {
    long began = System.nanoTime();
    UNetRunner network = new UNetRunner(wanted.open(Map.of(), settings), sizes);
    LOG.infof(
        "model=%s is loaded with %s, %d ms",
        wanted.model().name(),
        wanted.loras(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    return network;
  }

  /** The batches that every network here can be run with. */
  public BatchSizes sizes() {
    return sizes;
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
    changed.close();
    byDigest.values().forEach(model -> model.network().close());
  }
}
