package dev.latentline.decoder.decode;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import java.util.Map;

/**
 * The autoencoders' decoders of the catalogue's models, which are loaded when a picture needs them
 * and stay while there is room; models that have the same one share it. Those that pools.yaml names
 * are there from the start, as far as they fit. Thread-safe.
 */
public final class LatentDecoders implements AutoCloseable {
  private static final String INPUT = "latent_sample";
  private static final String OUTPUT = "sample";

  private final Catalogue catalogue;
  private final SessionSettings settings;
  private final WholeOrTiled size;
  private final BoundedSessions<ModelPart, ModelSession> sessions;

  /**
   * @param maxBytes how much of decoders is kept in memory, each counted with its weights in fp32
   * @param wholeLatents how many latents, width times height, are decoded at once; more of them, or
   *     those for which there is no memory, go in tiles
   * @param tileSide in latents
   * @throws InvalidCatalogueException when the files of a decoder that is loaded at the start are
   *     not those of its manifest
   */
  public LatentDecoders(
      Catalogue catalogue,
      SessionSettings settings,
      long maxBytes,
      int wholeLatents,
      int tileSide) {
    this.catalogue = catalogue;
    this.settings = settings;
    this.size = new WholeOrTiled(wholeLatents, new Tiles(tileSide, Math.max(1, tileSide / 4)));
    this.sessions = new BoundedSessions<>(maxBytes);
    // what a refiner has gone on with is decoded as the model's picture that it is
    List<ModelPart> named =
        catalogue.namedModels().stream()
            .filter(model -> !model.isRefiner())
            .map(LatentDecoders::part)
            .toList();
    try {
      for (ModelPart part : ModelPart.loadedAtStart(named, maxBytes)) {
        sessions.acquire(part, part.bytes(), () -> load(part), () -> true).orElseThrow().close();
      }
    } catch (RuntimeException e) {
      sessions.close();
      throw e;
    }
  }

  private static ModelPart part(ModelCard model) {
    return ModelPart.of(model, model.vae().decoder());
  }

  /** Also runs it once at the model's default size: the first run is the slowest. */
  private ModelSession load(ModelPart part) {
    ModelSession session = part.open(settings);
    try {
      planes(session, part.model(), blank(part.model()), new RunStop());
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static FloatTensor blank(ModelCard model) {
    return FloatTensor.zeros(
        1,
        model.unet().latentChannels(),
        model.defaults().height() / model.vae().scaleFactor(),
        model.defaults().width() / model.vae().scaleFactor());
  }

  /** How many models they decode for. */
  public int size() {
    return catalogue.served().size();
  }

  /** How many are loaded: no more than models. */
  public int loaded() {
    return sessions.size();
  }

  /**
   * The picture.
   *
   * @param latents [1, channels, height / f, width / f] of the request's size
   * @throws Failure.Rejected when this installation does not have the model, the latents are not of
   *     the request, or what comes out is no number
   */
  public Pixels decode(GenerationRequest request, FloatTensor latents, RunStop stop) {
    ModelCard model = catalogue.require(request.getModel());
    int width = request.getWidth();
    int height = request.getHeight();
    if (!model.limits().allowSize(width, height)) {
      throw new Failure.Rejected(
          "unsupported_request", "The model does not make pictures of " + width + " x " + height);
    }
    int scale = model.vae().scaleFactor();
    TensorRecords.require(
        latents,
        "The latent tensor",
        1,
        model.unet().latentChannels(),
        height / scale,
        width / scale);
    ModelPart part = part(model);
    try (BoundedSessions<ModelPart, ModelSession>.Held held =
        sessions
            .acquire(part, part.bytes(), () -> load(part.verified()), () -> !stop.stopped())
            .orElseThrow(RunStoppedException::new)) {
      FloatTensor planes = planes(held.session(), model, unscaled(latents, model.vae()), stop);
      return Pixels.fromPlanes(
          TensorRecords.require(planes, "The decoded picture", 1, 3, height, width));
    }
  }

  private FloatTensor planes(
      ModelSession decoder, ModelCard model, FloatTensor latents, RunStop stop) {
    return size.decode(
        latents, model.vae().scaleFactor(), part -> decoder.run(Map.of(INPUT, part), OUTPUT, stop));
  }

  private static FloatTensor unscaled(FloatTensor latents, Vae vae) {
    float[] values = new float[latents.data().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) vae.unscaled(latents.data()[i]);
    }
    return new FloatTensor(latents.shape(), values);
  }

  @Override
  public void close() {
    sessions.close();
  }
}
