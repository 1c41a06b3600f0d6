package dev.latentline.decoder.upscale;

import dev.latentline.contract.Failure;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The upscalers of the catalogue. Those that ship, which have their weights in their graphs, are
 * verified and loaded at the start. Of the imported ones, each of which keeps the memory that its
 * tiles took, the one that was asked for last is loaded. Thread-safe.
 */
public final class Upscalers implements AutoCloseable {
  private static final String INPUT = "pixels";
  private static final String OUTPUT = "upscaled";

  private final Catalogue catalogue;
  private final SessionSettings settings;
  private final Map<String, ModelSession> shipped = new HashMap<>();

  /** By digest. One is always let in: no room is left for another. */
  private final BoundedSessions<String, ModelSession> imported = new BoundedSessions<>(0);

  /**
   * @throws InvalidCatalogueException when the files of one that ships are not those of its
   *     manifest
   */
  public Upscalers(Catalogue catalogue, SessionSettings settings) {
    this.catalogue = catalogue;
    this.settings = settings;
    List<UpscalerCard> ready =
        catalogue.upscalers().stream().filter(card -> card.weights().isEmpty()).toList();
    List<String> problems = ready.stream().flatMap(card -> card.verify().stream()).toList();
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (UpscalerCard card : ready) {
      shipped.put(card.digest(), ModelSession.open(card.graph(), settings));
    }
  }

  /**
   * The picture as large as the request wants it; itself where it wants no upscale.
   *
   * @throws Failure.Rejected when this installation does not have the upscaler, its files are not
   *     those of its manifest, it does not make the factor, or what comes out is no number
   * @throws Failure.Retryable when there is too little memory for it
   * @throws RunStoppedException when stop did so
   */
  public Pixels upscale(GenerationRequest request, Pixels decoded, RunStop stop) {
    if (!request.hasUpscale()) {
      return decoded;
    }
    UpscalerCard card = catalogue.requireUpscaler(request.getUpscale().getUpscaler());
    int runs = card.runs(request.getUpscale().getFactor());
    if (runs == 0) {
      throw new Failure.Rejected(
          "unsupported_request", "The upscaler makes pictures larger by " + card.factors());
    }
    if (shipped.containsKey(card.digest())) {
      return upscale(shipped.get(card.digest()), card, runs, decoded, stop);
    }
    try (BoundedSessions<String, ModelSession>.Held held =
        imported
            .acquire(card.digest(), 1, () -> load(card), () -> !stop.stopped())
            .orElseThrow(RunStoppedException::new)) {
      return upscale(held.session(), card, runs, decoded, stop);
    }
  }

  private ModelSession load(UpscalerCard card) {
    List<String> problems = card.verify();
    if (!problems.isEmpty()) {
      throw new Failure.Rejected(
          "upscaler_unavailable",
          "The files of the upscaler "
              + card.name()
              + " are not those of its manifest: "
              + problems);
    }
    return ModelSession.open(card.graph(), card.weights(), settings);
  }

  private static Pixels upscale(
      ModelSession session, UpscalerCard card, int runs, Pixels decoded, RunStop stop) {
    Tiles tiles =
        new Tiles(
            pixels -> session.run(Map.of(INPUT, pixels), OUTPUT, stop),
            card.scale(),
            card.tiling());
    Pixels upscaled = decoded;
    for (int run = 0; run < runs; run++) {
      upscaled = tiles.upscale(upscaled);
    }
    return upscaled;
  }

  @Override
  public void close() {
    shipped.values().forEach(ModelSession::close);
    imported.close();
  }
}
