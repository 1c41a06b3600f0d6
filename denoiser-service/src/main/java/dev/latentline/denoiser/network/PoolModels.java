package dev.latentline.denoiser.network;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RuntimeClasses;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import java.io.IOException;
import java.util.ArrayList;
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

  /** Weights that lie in a graph are fp16 or fp32, and are computed with in fp32. */
  private static final int WIDENED = 2;

  private final Catalogue catalogue;
  private final RuntimeClass runtime;
  private final SessionSettings settings;
  private final WarmUp warmUp;
  private final UnaryOperator<NoisePredictor> warmedUp;
  private final Map<String, PoolModel> byDigest = new HashMap<>();
  private final BoundedSessions<Object, LoadedNetwork> networks;

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
    parts.forEach(
        part -> acquire(unet(part, () -> load(part)), List.of(), () -> true).orElseThrow().close());
    for (ModelPart part : parts) {
      try (HeldNetwork held =
          acquire(unet(part, () -> load(part)), List.of(), () -> true).orElseThrow()) {
        sizes = warmUp.fitting(part.model(), warmedUp.apply(held.network()), sizes);
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
   * A ControlNet that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code controlnet_unavailable} when it is not here or does
   *     not fit the model
   */
  public ControlNetCard requireControlNet(ModelRef pinned, PoolModel model) {
    return catalogue.requireControlNet(pinned, model.card());
  }

  /**
   * The network of a model, with LoRAs where these change it. Loads it where it is not there, and
   * waits for room where others are in use.
   *
   * @param loras as a request pins them
   * @param controls what steers it, in a call's order
   * @param goOn whether the caller still wants it; asked while it waits
   * @return empty when it does not
   * @throws Failure.Rejected with code {@code model_unavailable} when the network's files are not
   *     those of its manifest, {@code lora_unavailable} when a LoRA is not here or does not fit, or
   *     {@code controlnet_unavailable} when a ControlNet's files are not those of its manifest
   */
  public Optional<HeldNetwork> network(
      PoolModel model, List<Lora> loras, List<ControlNetCard> controls, BooleanSupplier goOn) {
    ModelCard card = model.card();
    String graph =
        controls.isEmpty() ? card.unet().model() : card.unet().controlled().orElseThrow();
    ModelPart wanted = ModelPart.of(card, graph, LoraSet.of(catalogue, card, loras));
    return acquire(unet(wanted, () -> loadAndWarmUp(wanted)), controls, goOn);
  }

  /** The network of a model as it is. Loads it where it is not there, and waits for room. */
  public HeldNetwork network(PoolModel model) {
    return network(model, List.of(), List.of(), () -> true).orElseThrow();
  }

  private static BoundedSessions.Wanted<Object, LoadedNetwork> unet(
      ModelPart part, Supplier<LoadedNetwork> load) {
    return new BoundedSessions.Wanted<>(part, part.bytes(), load);
  }

  private BoundedSessions.Wanted<Object, LoadedNetwork> controlNet(ControlNetCard card) {
    return new BoundedSessions.Wanted<>(card.digest(), bytes(card), () -> load(card));
  }

  private Optional<HeldNetwork> acquire(
      BoundedSessions.Wanted<Object, LoadedNetwork> unet,
      List<ControlNetCard> controls,
      BooleanSupplier goOn) {
    List<BoundedSessions.Wanted<Object, LoadedNetwork>> wanted = new ArrayList<>();
    wanted.add(unet);
    // one may be there for several pictures
    List<ControlNetCard> different = controls.stream().distinct().toList();
    different.forEach(each -> wanted.add(controlNet(each)));
    return networks
        .acquireAll(wanted, goOn)
        .map(
            held ->
                new HeldNetwork(
                    controlled(held, different, controls),
                    () -> held.forEach(BoundedSessions.Held::close)));
  }

  /**
   * @param held the U-Net, and a ControlNet for each of different
   */
  private static NoisePredictor controlled(
      List<BoundedSessions<Object, LoadedNetwork>.Held> held,
      List<ControlNetCard> different,
      List<ControlNetCard> controls) {
    UNetRunner unet = (UNetRunner) held.get(0).session();
    if (controls.isEmpty()) {
      return unet;
    }
    return new ControlledNetwork(
        unet,
        controls.stream()
            .map(each -> held.get(1 + different.indexOf(each)).session())
            .map(ControlNetRunner.class::cast)
            .toList());
  }

  private static long bytes(ControlNetCard card) {
    try {
      return card.weights().isPresent()
          ? ModelSession.bytes(card.weights().get())
          : WIDENED * card.files().get(card.model()).sizeBytes();
    } catch (IOException e) {
      throw unavailable(card, "cannot be read", e);
    }
  }

  private ControlNetRunner load(ControlNetCard card) {
    List<String> problems = card.verify();
    if (!problems.isEmpty()) {
      throw unavailable(card, "are not those of its manifest: " + problems, null);
    }
    long began = System.nanoTime();
    ControlNetRunner network =
        new ControlNetRunner(ModelSession.open(card.graph(), card.weights(), settings));
    LOG.infof(
        "controlnet=%s is loaded, %d ms",
        card.name(), TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    return network;
  }

  private static Failure.Rejected unavailable(ControlNetCard card, String why, Exception cause) {
    return new Failure.Rejected(
        "controlnet_unavailable", "The files of the ControlNet " + card.name() + " " + why, cause);
  }

  private UNetRunner loadAndWarmUp(ModelPart part) {
    UNetRunner network = load(part.verified());
    try {
      warmUp.later(part.model(), warmedUp.apply(network), sizes);
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

  /** The batches of calls: every network of the start can be run with them. */
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
