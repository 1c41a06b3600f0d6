package dev.latentline.bench;

import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;

/** Records as the services write them. */
final class Requests {
  private Requests() {}

  /** A picture of the model's default size with guidance, its embeddings zero. */
  static EmbeddingReady embedding(ModelCard card, String generationId, int steps) {
    return EmbeddingReady.newBuilder()
        .setRequest(
            GenerationRequest.newBuilder()
                .setGenerationId(generationId)
                .setTenant("default")
                .setModel(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
                .setPool("default")
                .setPrompt("a red apple")
                .setSteps(steps)
                .setGuidanceScale(card.defaults().guidanceScale())
                .setSampler("euler")
                .setSchedule("normal")
                .setWidth(card.defaults().width())
                .setHeight(card.defaults().height())
                .setCount(1)
                .setAcceptedAtMs(System.currentTimeMillis())
                .setOutputFormat("png"))
        .addConditionings(conditioning(card, Role.POSITIVE))
        .addConditionings(conditioning(card, Role.NEGATIVE))
        .build();
  }

  private static Conditioning conditioning(ModelCard card, Role role) {
    int tokens = card.textEncoders().get(0).maxTokens();
    int width = card.unet().contextSize();
    FloatTensor zero = new FloatTensor(new long[] {1, tokens, width}, new float[tokens * width]);
    return Conditioning.newBuilder()
        .setRole(role)
        .setEmbedding(Payload.newBuilder().setInline(TensorRecords.toFloat32(zero)))
        .setWeight(1)
        .setEnd(1)
        .build();
  }
}
