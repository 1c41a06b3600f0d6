package dev.latentline.encoder.text;

import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;

/**
 * Whose text encoders are meant.
 *
 * @param loras that change the model
 * @param textualInversions that its texts may have, in the order that says which ids they have
 */
public record TextModel(ModelRef model, List<Lora> loras, List<ModelRef> textualInversions) {
  public TextModel {
    loras = List.copyOf(loras);
    textualInversions = List.copyOf(textualInversions);
  }

  public static TextModel of(GenerationRequest request) {
    return new TextModel(
        request.getModel(), request.getLorasList(), request.getTextualInversionsList());
  }

  /** What changes the model does not change its refiner. */
  public static TextModel ofRefiner(GenerationRequest request) {
    return new TextModel(request.getRefiner().getRefiner(), List.of(), List.of());
  }
}
