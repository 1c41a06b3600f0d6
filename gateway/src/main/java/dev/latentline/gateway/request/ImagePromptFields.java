package dev.latentline.gateway.request;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.GenerationRequestOrBuilder;
import dev.latentline.proto.v1.ImagePrompt;
import java.util.List;
import java.util.Optional;

/** The pictures that say what is to be seen. Whether they are there is not judged here. */
final class ImagePromptFields {
  static final String NAME = "image_prompts";

  private ImagePromptFields() {}

  static void read(
      Fields fields,
      Optional<ModelCard> model,
      OfferedModels models,
      GenerationRequest.Builder request) {
    List<Fields> pictures = fields.objects(NAME, Limits.MAX_IMAGE_PROMPTS).orElse(List.of());
    for (Fields picture : pictures) {
      picture.refuseAllBut(List.of("image", "weight"));
      // one that is wrong counts too, so that nothing is missed in its place
      request.addImagePrompts(
          ImagePrompt.newBuilder()
              .setInput(ImageSource.sha256(picture, "Say which picture is meant").orElse(""))
              .setWeight(
                  (float) picture.decimal("weight", 0, Limits.MAX_IMAGE_PROMPT_WEIGHT).orElse(1)));
    }
    if (!pictures.isEmpty() && model.isPresent() && model.get().imagePrompt().isEmpty()) {
      List<String> able =
          models.names().stream()
              .filter(name -> models.find(name).flatMap(ModelCard::imagePrompt).isPresent())
              .toList();
      fields.add(
          NAME,
          "not_applicable",
          "The model takes no pictures as prompts; those that do are " + able);
    }
  }

  /** Whether a picture says what is to be seen, so that no text has to. */
  static boolean areIn(GenerationRequestOrBuilder request) {
    return request.getImagePromptsList().stream().anyMatch(picture -> picture.getWeight() > 0);
  }
}
