package dev.latentline.decoder.upscale;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The upscalers of the catalogue, verified and loaded. Thread-safe. */
public final class Upscalers implements AutoCloseable {
  private static final String INPUT = "pixels";
  private static final String OUTPUT = "upscaled";

  private final Catalogue catalogue;
  private final Map<String, ModelSession> byDigest = new HashMap<>();

  /**
   * @throws InvalidCatalogueException when an upscaler's files are not those of its manifest
   */
  public Upscalers(Catalogue catalogue, SessionSettings settings) {
    this.catalogue = catalogue;
    List<String> problems =
        catalogue.upscalers().stream().flatMap(card -> card.verify().stream()).toList();
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (UpscalerCard card : catalogue.upscalers()) {
      byDigest.put(card.digest(), ModelSession.open(card.graph(), settings));
    }
  }

  /**
   * The picture as large as the request wants it; itself where it wants no upscale.
   *
   * @param tileDone called now and then, while large pictures take minutes
   * @throws Failure.Rejected when this installation does not have the upscaler, it does not make
   *     the factor, or what comes out is no number
   * @throws RunStoppedException when stop did so
   */
  public Pixels upscale(
      GenerationRequest request, Pixels decoded, RunStop stop, Runnable tileDone) {
    if (!request.hasUpscale()) {
      return decoded;
    }
    UpscalerCard card = catalogue.requireUpscaler(request.getUpscale().getUpscaler());
    int runs = card.runs(request.getUpscale().getFactor());
    if (runs == 0) {
      throw new Failure.Rejected(
          "unsupported_request", "The upscaler makes pictures larger by " + card.factors());
    }
    ModelSession session = byDigest.get(card.digest());
    Tiles tiles =
        new Tiles(
            pixels -> {
              FloatTensor upscaled = session.run(Map.of(INPUT, pixels), OUTPUT, stop);
              tileDone.run();
              return upscaled;
            },
            card.scale(),
            card.receptiveField(),
            Tiles.MAX_SIDE);
    Pixels upscaled = decoded;
    for (int run = 0; run < runs; run++) {
      upscaled = tiles.upscale(upscaled);
    }
    return upscaled;
  }

  @Override
  public void close() {
    byDigest.values().forEach(ModelSession::close);
  }
}
