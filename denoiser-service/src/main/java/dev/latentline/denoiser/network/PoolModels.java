package dev.latentline.denoiser.network;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RuntimeClasses;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;

/**
 * The models of a pool and their networks, which are loaded when a picture needs them and stay
 * while there is room. Those that pools.yaml names are there from the start, as far as they fit.
 * Whatever is loaded runs once with every batch ({@link WarmUp}) before it is used. Thread-safe.
 */
public final class PoolModels implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(PoolModels.class);

  /** Enough for two networks of Stable Diffusion 1.5's size. */
  public static final long DEFAULT_MEMORY = 8L << 30;

  private final Catalogue catalogue;
  private final RuntimeClass runtime;
  private final SessionSettings settings;
  private final WarmUp warmUp;
  private final UnaryOperator<NoisePredictor> warmedUp;
  private final Map<String, PoolModel> byDigest = new HashMap<>();
  private final BoundedSessions<ModelPart, UNetRunner> networks;

  /** Final once the start is over. */
  private volatile BatchSizes sizes;

  /**
   * @throws InvalidCatalogueException when there is no such pool, or the files of a network that is
   *     loaded at the start are not those of its manifest
   */
  public PoolModels(Catalogue catalogue, String pool, SessionSettings settings, BatchSizes sizes) {
    this(catalogue, pool, settings, sizes, DEFAULT_MEMORY);
  }

  /**
   * @param sizes those that the device has no memory for are left out
   * @param maxBytes how much of networks is kept in memory, each counted with its weights in fp32
   * @throws InvalidCatalogueException when there is no such pool, or the files of a network that is
   *     loaded at the start are not those of its manifest
   * @throws OutOfDeviceMemoryException when the device has no memory for those, or for the smallest
   *     batch
   */
  public PoolModels(
      Catalogue catalogue, String pool, SessionSettings settings, BatchSizes sizes, long maxBytes) {
    this(catalogue, pool, settings, sizes, maxBytes, UnaryOperator.identity());
  }

  /**
   * @param warmedUp what is run in place of each network before it is used
   */
  PoolModels(
      Catalogue catalogue,
      String pool,
      SessionSettings settings,
      BatchSizes sizes,
      long maxBytes,
      UnaryOperator<NoisePredictor> warmedUp) {
    this.catalogue = catalogue;
    this.settings = settings;
    this.sizes = sizes;
    this.warmUp = new WarmUp(settings.device());
    this.warmedUp = warmedUp;
    this.networks = new BoundedSessions<>(maxBytes);
    this.runtime = RuntimeClasses.current(settings, 1);
    for (ModelCard model : catalogue.modelsOf(pool)) {
      byDigest.put(model.digest(), new PoolModel(model, TrainedNoise.of(model.scheduler())));
    }
    List<ModelPart> named =
        catalogue.namedModelsOf(pool).stream()
            .map(model -> ModelPart.of(model, model.unet().model()))
            .toList();
    try {
      start(ModelPart.loadedAtStart(named, maxBytes));
    } catch (RuntimeException e) {
      networks.close();
      throw e;
    }
  }

  private void start(List<ModelPart> parts) {
    // all weights are there before any batch takes of the memory
    parts.forEach(part -> acquire(part, () -> load(part), () -> true).orElseThrow().close());
    for (ModelPart part : parts) {
      try (HeldNetwork held = acquire(part, () -> load(part), () -> true).orElseThrow()) {
        sizes = warmUp.run(part.model(), warmedUp.apply(held.network()), sizes);
      }
    }
  }

  /**
   * The model that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when it is not one of this pool's
   */
  public PoolModel require(ModelRef pinned) {
    PoolModel model = byDigest.get(catalogue.require(pinned).digest());
    if (model == null) {
      throw new Failure.Rejected(
          "model_unavailable", "The model " + pinned.getName() + " is not one of this pool's");
    }
    return model;
  }

  /**
   * The network of a model, with LoRAs where these change it. Loads it where it is not there, and
   * waits for room where others are in use.
   *
   * @param loras as a request pins them
   * @param goOn whether the caller still wants it; asked while it waits
   * @return empty when it does not
   * @throws Failure.Rejected with code {@code model_unavailable} when the network's files are not
   *     those of its manifest, or {@code lora_unavailable} when a LoRA is not here or does not fit
   */
  public Optional<HeldNetwork> network(PoolModel model, List<Lora> loras, BooleanSupplier goOn) {
    ModelCard card = model.card();
    ModelPart wanted = ModelPart.of(card, card.unet().model(), LoraSet.of(catalogue, card, loras));
    return acquire(wanted, () -> loadAndWarmUp(wanted), goOn);
  }

  /** The network of a model as it is. Loads it where it is not there, and waits for room. */
  public HeldNetwork network(PoolModel model) {
    return network(model, List.of(), () -> true).orElseThrow();
  }

  private Optional<HeldNetwork> acquire(
      ModelPart part, Supplier<UNetRunner> load, BooleanSupplier goOn) {
    return networks
        .acquire(part, part.bytes(), load, goOn)
        .map(held -> new HeldNetwork(held.session(), held::close));
  }

  private UNetRunner loadAndWarmUp(ModelPart part) {
    UNetRunner network = load(part.verified());
    try {
      warmUp.run(part.model(), warmedUp.apply(network), sizes);
      return network;
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private UNetRunner load(ModelPart part) {
    long began = System.nanoTime();
    UNetRunner network = new UNetRunner(part.open(settings), () -> sizes);
    LOG.infof(
        "model=%s is loaded%s, %d ms",
        part.model().name(),
        part.loras().isEmpty() ? "" : " with " + part.loras(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    return network;
  }

  /** The batches that every network here can be run with. */
  public BatchSizes sizes() {
    return sizes;
  }

  /** How many models there are. */
  public int size() {
    return byDigest.size();
  }

  /** How many networks are loaded. */
  public int loaded() {
    return networks.size();
  }

  /**
   * The class of runs here of a picture that needs so many answers in a step.
   *
   * @param fixedBatch whether the picture insists on one batch size
   */
  public RuntimeClass runtimeClass(int rows, boolean fixedBatch) {
    return runtime.toBuilder().setBatch(sizes.of(rows, fixedBatch)).build();
  }

  /** Networks in use go when they are not any more. */
  @Override
  public void close() {
    networks.close();
  }
}
