package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Preprocessor;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Optional;

/**
 * The pictures that steer the denoiser, each through a ControlNet that is pinned by its digest.
 * Whether the pictures are there is not judged here.
 */
final class ControlFields {
  static final String NAME = "controls";

  private final Optional<ModelCard> model;
  private final OfferedModels models;
  private final List<String> offered;

  private ControlFields(Optional<ModelCard> model, OfferedModels models) {
    this.model = model;
    this.models = models;
    this.offered =
        model.map(models::controlNetsOf).orElse(List.of()).stream()
            .map(ControlNetCard::name)
            .toList();
  }

  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    ControlFields controls = new ControlFields(model, models);
    for (Fields control : fields.objects(NAME, Limits.MAX_CONTROLS).orElse(List.of())) {
      controls.control(control).ifPresent(request::addControls);
    }
  }

  private Optional<ControlPicture> control(Fields control) {
    control.refuseAllBut(List.of("name", "image", "preprocessor", "weight", "start", "end"));
    Optional<ControlNetCard> card = named(control);
    Optional<String> input = ImageSource.sha256(control, "Say which picture steers");
    ControlPicture.Builder picture =
        ControlPicture.newBuilder()
            .setPreprocessor(
                control.oneOf("preprocessor", Preprocessor.ids()).orElse(Preprocessor.NONE.id()))
            .setWeight((float) control.decimal("weight", 0, Limits.MAX_CONTROL_WEIGHT).orElse(1))
            .setStart(control.decimal("start", 0, Limits.MAX_PART).orElse(0))
            .setEnd(control.decimal("end", 0, Limits.MAX_PART).orElse(Limits.MAX_PART));
    if (picture.getStart() > picture.getEnd()) {
      control.add(
          control.has("end") ? "end" : "start",
          "out_of_range",
          "start must not be after end",
          Allowed.range(picture.getStart(), Limits.MAX_PART));
    }
    if (card.isEmpty() || input.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        picture
            .setControlNet(
                ModelRef.newBuilder().setName(card.get().name()).setDigest(card.get().digest()))
            .setInput(input.get())
            .build());
  }

  private Optional<ControlNetCard> named(Fields control) {
    Optional<String> name = control.text("name");
    if (name.isEmpty()) {
      if (!control.has("name")) {
        control.add("name", "missing", "Name a ControlNet", Allowed.oneOf(offered));
      }
      return Optional.empty();
    }
    Optional<ControlNetCard> card = models.controlNet(name.get());
    if (card.isEmpty()) {
      control.add(
          "name",
          "unknown_controlnet",
          "There is no such ControlNet, or not with that digest; the model can have " + offered,
          Allowed.oneOf(offered));
    } else if (!fits(card.get())) {
      control.add(
          "name",
          "controlnet_unfit",
          model.get().unet().controlled().isEmpty()
              ? "The model takes no ControlNets"
              : "Is a ControlNet of another family than the model; the model can have " + offered,
          Allowed.oneOf(offered));
    }
    return card.filter(this::fits);
  }

  /** Where the model is not known either, that is said alone. */
  private boolean fits(ControlNetCard card) {
    return model.isEmpty() || offered.contains(card.name());
  }
}
