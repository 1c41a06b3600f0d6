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

/** The autoencoders of every model of the catalogue, verified and loaded. Thread-safe. */
public final class LatentDecoders implements AutoCloseable {
  private static final String INPUT = "latent_sample";
  private static final String OUTPUT = "sample";

  private final Catalogue catalogue;
  private final Map<String, ModelSession> byDigest = new HashMap<>();

  /**
   * @throws InvalidCatalogueException when a decoder's files are not those of its manifest
   */
  public LatentDecoders(Catalogue catalogue, SessionSettings settings) {
    this.catalogue = catalogue;
    List<String> problems = new ArrayList<>();
    catalogue.models().forEach(model -> problems.addAll(model.verify(decoderFiles(model))));
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (ModelCard model : catalogue.models()) {
      byDigest.put(model.digest(), ModelSession.open(model.file(model.vae().decoder()), settings));
    }
  }

  /** The graph and what lies beside it: large graphs keep their weights in files of their own. */
  private static List<String> decoderFiles(ModelCard model) {
    String graph = model.vae().decoder();
    String folder = graph.substring(0, graph.lastIndexOf('/') + 1);
    return model.files().keySet().stream().filter(path -> path.startsWith(folder)).toList();
  }

  /** How many there are. */
  public int size() {
    return byDigest.size();
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
    FloatTensor planes =
        byDigest
            .get(model.digest())
            .run(Map.of(INPUT, unscaled(latents, model.vae().scalingFactor())), OUTPUT, stop);
    return Pixels.fromPlanes(
        TensorRecords.require(planes, "The decoded picture", 1, 3, height, width));
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
    byDigest.values().forEach(ModelSession::close);
  }
}
