package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Refiner;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The refiner that makes the last steps, pinned by its digest. */
final class RefinerFields {
  static final List<String> NAMES = List.of("refiner", "refiner_start");

  private RefinerFields() {}

  /**
   * @param request knows its size, clip_skip and pictures already
   */
  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    OptionalDouble start = fields.decimal("refiner_start", 0, Limits.MAX_PART);
    if (!fields.has("refiner")) {
      if (fields.has("refiner_start")) {
        fields.add("refiner_start", "missing", "Name a refiner, or leave it out");
      }
      return;
    }
    if (request.getImagePromptsCount() > 0) {
      fields.add(
          "refiner",
          "not_applicable",
          "Goes on with what words say, not with image_prompts: leave one of them out");
      return;
    }
    Optional<String> reference = fields.text("refiner");
    if (reference.isEmpty() || model.isEmpty()) {
      return;
    }
    List<String> offered = models.refinersOf(model.get()).stream().map(ModelCard::name).toList();
    Optional<ModelCard> refiner = models.find(reference.get());
    if (refiner.isEmpty()) {
      refuse(
          fields, "unknown_refiner", "There is no such refiner, or not with that digest", offered);
    } else if (!refiner.get().canRefine(model.get())) {
      refuse(fields, "refiner_unfit", "Does not go on with pictures of the model", offered);
    } else if (!models.poolOf(refiner.get()).equals(models.poolOf(model.get()))) {
      refuse(
          fields,
          "refiner_not_served",
          "The pool of the model does not serve it: pools.yaml has to name both in one pool",
          offered);
    } else {
      fits(fields, refiner.get(), request);
      request.setRefiner(
          Refiner.newBuilder()
              .setRefiner(
                  ModelRef.newBuilder()
                      .setName(refiner.get().name())
                      .setDigest(refiner.get().digest()))
              .setStart(start.orElse(Limits.DEFAULT_REFINER_START)));
    }
  }

  private static void refuse(Fields fields, String code, String problem, List<String> offered) {
    fields.add(
        "refiner", code, problem + "; the model can have " + offered, Allowed.oneOf(offered));
  }

  /** What the model can do and its refiner cannot. */
  private static void fits(Fields fields, ModelCard refiner, GenerationRequest.Builder request) {
    if (!refiner.limits().allowSize(request.getWidth(), request.getHeight())) {
      fields.add(
          fields.has("width") ? "width" : "refiner",
          "refiner_unfit",
          String.format(
              "%s does not go on with pictures of %d x %d: width and height are multiples of %d",
              refiner.name(),
              request.getWidth(),
              request.getHeight(),
              refiner.limits().sizeMultiple()));
    }
    if (request.getClipSkip() > refiner.maxClipSkip()) {
      fields.add(
          "clip_skip",
          "refiner_unfit",
          "With " + refiner.name() + " it is at most " + refiner.maxClipSkip(),
          Allowed.range(1, refiner.maxClipSkip()));
    }
  }
}
