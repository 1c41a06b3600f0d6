package dev.latentline.decoder.decode;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The autoencoders of every model of the catalogue, verified and loaded; models that have the same
 * one share it. Thread-safe.
 */
public final class LatentDecoders implements AutoCloseable {
  private static final String INPUT = "latent_sample";
  private static final String OUTPUT = "sample";

  private final Catalogue catalogue;
  private final WholeOrTiled size;
  private final Map<String, Loaded> byDigest = new HashMap<>();
  private final Map<Loaded, ModelSession> sessions = new HashMap<>();

  /**
   * Runs each decoder once at its model's default size: the first run is the slowest.
   *
   * @param wholeLatents how many latents, width times height, are decoded at once; more of them, or
   *     those for which there is no memory, go in tiles
   * @param tileSide in latents
   * @throws InvalidCatalogueException when a decoder's files are not those of its manifest
   */
  public LatentDecoders(
      Catalogue catalogue, SessionSettings settings, int wholeLatents, int tileSide) {
    this.catalogue = catalogue;
    this.size = new WholeOrTiled(wholeLatents, new Tiles(tileSide, Math.max(1, tileSide / 4)));
    List<String> problems = new ArrayList<>();
    catalogue
        .models()
        .forEach(model -> problems.addAll(model.verify(model.filesOf(model.vae().decoder()))));
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (ModelCard model : catalogue.models()) {
      Loaded decoder = Loaded.of(model);
      boolean isNew = !sessions.containsKey(decoder);
      sessions.computeIfAbsent(decoder, absent -> open(model, settings));
      byDigest.put(model.digest(), decoder);
      if (isNew) {
        planes(model, blank(model), new RunStop());
      }
    }
  }

  private static FloatTensor blank(ModelCard model) {
    int channels = model.unet().latentChannels();
    int height = model.defaults().height() / model.vae().scaleFactor();
    int width = model.defaults().width() / model.vae().scaleFactor();
    return new FloatTensor(
        new long[] {1, channels, height, width}, new float[channels * height * width]);
  }

  private static ModelSession open(ModelCard model, SessionSettings settings) {
    String graph = model.vae().decoder();
    return ModelSession.open(model.file(graph), model.weightsOf(graph), settings);
  }

  /** How many models they decode for. */
  public int size() {
    return byDigest.size();
  }

  /** How many there are: no more than models. */
  int loaded() {
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
    FloatTensor planes = planes(model, unscaled(latents, model.vae().scalingFactor()), stop);
    return Pixels.fromPlanes(
        TensorRecords.require(planes, "The decoded picture", 1, 3, height, width));
  }

  private FloatTensor planes(ModelCard model, FloatTensor latents, RunStop stop) {
    ModelSession decoder = sessions.get(byDigest.get(model.digest()));
    return size.decode(
        latents, model.vae().scaleFactor(), part -> decoder.run(Map.of(INPUT, part), OUTPUT, stop));
  }

  private static FloatTensor unscaled(FloatTensor latents, double scalingFactor) {
    if (scalingFactor == 1) {
      return latents;
    }
    float[] values = new float[latents.data().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (latents.data()[i] / scalingFactor);
    }
    return new FloatTensor(latents.shape(), values);
  }

  @Override
  public void close() {
    sessions.values().forEach(ModelSession::close);
  }

  /** What makes two models' decoders the same: every file of theirs, by its path in the model. */
  private record Loaded(String graph, Map<String, String> sha256) {
    static Loaded of(ModelCard model) {
      String graph = model.vae().decoder();
      return new Loaded(graph, model.digestsOf(graph));
    }
  }
}
