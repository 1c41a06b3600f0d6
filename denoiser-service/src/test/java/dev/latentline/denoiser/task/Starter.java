package dev.latentline.denoiser.task;

import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The starter model, and records that ask it for an apple. */
public final class Starter {
  /** [CLS] a red apple [SEP] in the starter's tokenizer. */
  private static final long[] A_RED_APPLE = {101, 1037, 2417, 6207, 102};

  private static final long[] NOTHING = {101, 102};

  private Starter() {}

  public static Path catalogueFolder() {
    return Path.of(System.getProperty("latentline.home")).resolve("models/target/catalogue");
  }

  /** Copies a model that ships. */
  public static void copy(String model, Path to) throws IOException {
    Path from = catalogueFolder().resolve(model);
    List<Path> files;
    try (Stream<Path> walk = Files.walk(from)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      Path copy = to.resolve(from.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
  }

  public static Catalogue catalogue() {
    return Catalogue.open(catalogueFolder());
  }

  public static ModelCard card() {
    return catalogue().find("starter").orElseThrow();
  }

  public static PoolModels models() {
    return new PoolModels(catalogue(), "default", SessionSettings.cpu(1), BatchSizes.none());
  }

  /** A request with the model's defaults and seed 7. */
  public static GenerationRequest.Builder request() {
    ModelCard card = card();
    return GenerationRequest.newBuilder()
        .setGenerationId("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b")
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
        .setPool("default")
        .setPrompt("a red apple")
        .setSeed(7)
        .setSteps(card.defaults().steps())
        .setGuidanceScale(card.defaults().guidanceScale())
        .setSampler(card.defaults().sampler().id())
        .setSchedule(card.defaults().schedule().id())
        .setWidth(card.defaults().width())
        .setHeight(card.defaults().height())
        .setCount(1)
        .setOutputFormat("png");
  }

  /** The apple's embedding from the starter's own text encoder. */
  public static EmbeddingReady apple(GenerationRequest request) {
    ModelCard card = card();
    TextEncoder encoder = card.textEncoders().get(0);
    try (ModelSession session =
        ModelSession.open(card.file(encoder.model()), SessionSettings.cpu(1))) {
      return EmbeddingReady.newBuilder()
          .setRequest(request)
          .addConditionings(conditioning(Role.POSITIVE, encode(session, encoder, A_RED_APPLE)))
          .addConditionings(conditioning(Role.NEGATIVE, encode(session, encoder, NOTHING)))
          .build();
    }
  }

  /** A text that holds in all steps. */
  public static Conditioning conditioning(Role role, FloatTensor embedding) {
    return Conditioning.newBuilder()
        .setRole(role)
        .setEmbedding(Payload.newBuilder().setInline(TensorRecords.toFloat32(embedding)))
        .setWeight(1)
        .setEnd(1)
        .build();
  }

  private static FloatTensor encode(ModelSession session, TextEncoder encoder, long[] ids) {
    long[] shape = {1, ids.length};
    long[] ones = new long[ids.length];
    Arrays.fill(ones, 1);
    return session.run(
        Map.of(
            "input_ids", new LongTensor(shape, ids),
            "attention_mask", new LongTensor(shape, ones),
            "token_type_ids", new LongTensor(shape, new long[ids.length])),
        encoder.output(),
        new RunStop());
  }
}
