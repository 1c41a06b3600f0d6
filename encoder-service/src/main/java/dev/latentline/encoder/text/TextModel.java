package dev.latentline.encoder.text;

import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;

/**
 * Whose text encoders are meant.
 *
 * @param loras that change the model
 */
public record TextModel(ModelRef model, List<Lora> loras) {
  public TextModel {
    loras = List.copyOf(loras);
  }

  public static TextModel of(GenerationRequest request) {
    return new TextModel(request.getModel(), request.getLorasList());
  }
}
