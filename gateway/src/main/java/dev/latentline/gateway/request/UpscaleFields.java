package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Upscale;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** By how much pictures are made larger, and by which upscaler, which is pinned by its digest. */
final class UpscaleFields {
  static final List<String> NAMES = List.of("upscale", "upscaler");

  private static final String FACTOR = "upscale";
  private static final String UPSCALER = "upscaler";

  private final Fields fields;
  private final OfferedModels models;

  private UpscaleFields(Fields fields, OfferedModels models) {
    this.fields = fields;
    this.models = models;
  }

  /**
   * @param request knows its size already
   */
  static void read(Fields fields, OfferedModels models, GenerationRequest.Builder request) {
    new UpscaleFields(fields, models).read(request);
  }

  private void read(GenerationRequest.Builder request) {
    OptionalLong asked = fields.oneOfNumbers(FACTOR, Limits.UPSCALE_FACTORS);
    Optional<String> reference = fields.text(UPSCALER);
    boolean isWrong =
        fields.has(FACTOR) && asked.isEmpty() || fields.has(UPSCALER) && reference.isEmpty();
    if (isWrong) {
      return;
    }
    int factor = (int) asked.orElse(1);
    if (factor == 1) {
      // of a live request it is said already
      if (reference.isPresent() && !request.getLive()) {
        fields.add(
            UPSCALER,
            "not_applicable",
            "Nothing is made larger: leave it out, or say upscale, such as 4");
      }
      return;
    }
    Optional<UpscalerCard> card =
        reference.isPresent() ? named(reference.get(), factor) : unnamed(factor);
    if (card.isEmpty()) {
      return;
    }
    int longer = Math.max(request.getWidth(), request.getHeight());
    if (longer * factor > Limits.MAX_SIDE) {
      fields.add(
          FACTOR,
          "too_many_pixels",
          "width and height, times upscale, must be at most " + Limits.MAX_SIDE,
          Allowed.numbers(
              offered(reference.isPresent() ? card : Optional.empty()).stream()
                  .filter(other -> longer * other <= Limits.MAX_SIDE)
                  .toList()));
      return;
    }
    request.setUpscale(
        Upscale.newBuilder()
            .setFactor(factor)
            .setUpscaler(
                ModelRef.newBuilder().setName(card.get().name()).setDigest(card.get().digest())));
  }

  /** Factors, with 1: of one upscaler, or of any. */
  private List<Integer> offered(Optional<UpscalerCard> card) {
    return Limits.UPSCALE_FACTORS.stream()
        .filter(
            factor ->
                factor == 1
                    || (card.isPresent()
                        ? card.get().factors().contains(factor)
                        : models.upscaler(factor).isPresent()))
        .toList();
  }

  private Optional<UpscalerCard> unnamed(int factor) {
    Optional<UpscalerCard> card = models.upscaler(factor);
    if (card.isEmpty()) {
      List<Integer> offered = offered(card);
      fields.add(
          FACTOR,
          "upscaler_unavailable",
          "No upscaler for it is installed here: must be one of " + offered,
          Allowed.numbers(offered));
    }
    return card;
  }

  private Optional<UpscalerCard> named(String reference, int factor) {
    Optional<UpscalerCard> card = models.upscaler(reference);
    List<String> names = names(models.upscalers().stream());
    if (card.isEmpty()) {
      fields.add(
          UPSCALER,
          "unknown_upscaler",
          "There is no such upscaler, or not with that digest; there are " + names,
          Allowed.oneOf(names));
      return card;
    }
    if (card.get().runs(factor) == 0) {
      List<String> fitting =
          names(models.upscalers().stream().filter(other -> other.runs(factor) > 0));
      fields.add(
          UPSCALER,
          "upscaler_unfit",
          "It makes pictures larger by " + card.get().factors() + "; by " + factor + ": " + fitting,
          Allowed.oneOf(fitting));
      return Optional.empty();
    }
    return card;
  }

  private static List<String> names(Stream<UpscalerCard> cards) {
    return cards.map(UpscalerCard::name).toList();
  }
}
