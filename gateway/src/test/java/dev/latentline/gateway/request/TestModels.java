package dev.latentline.gateway.request;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.ImageEncoder;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.catalogue.UpscalerCard;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** One small model, like the starter. */
class TestModels implements OfferedModels {
  static final String DIGEST = "sha256:" + "ab".repeat(32);

  static final ImageEncoder SEEING =
      new ImageEncoder("image.onnx", 128, 384, Optional.of("prompt.onnx"));

  static final ModelCard SMALL =
      new ModelCard(
          "small",
          DIGEST,
          Path.of("small"),
          "test",
          Optional.empty(),
          "MIT",
          "",
          Instant.EPOCH,
          new Defaults(25, 3, 128, 96, Sampler.DDIM, Schedule.NORMAL),
          new ModelLimits(64, 256, 32, 512, 32, 65536, 100),
          List.of(),
          null,
          null,
          scheduler(SchedulerConfig.PredictionType.EPSILON),
          Optional.of(SEEING),
          Map.of());

  /** The same, trained by flow matching; sees pictures, but is not steered by them. */
  static final ModelCard FLOW =
      new ModelCard(
          "flow",
          DIGEST,
          Path.of("flow"),
          "test",
          Optional.empty(),
          "MIT",
          "",
          Instant.EPOCH,
          new Defaults(25, 3, 128, 96, Sampler.EULER, Schedule.NORMAL),
          SMALL.limits(),
          List.of(),
          null,
          null,
          scheduler(SchedulerConfig.PredictionType.FLOW),
          Optional.of(new ImageEncoder("image.onnx", 128, 384, Optional.empty())),
          Map.of());

  /** The same, with a text encoder whose users weigh words. */
  static final ModelCard CHUNKED =
      new ModelCard(
          "chunked",
          DIGEST,
          Path.of("chunked"),
          "test",
          Optional.empty(),
          "MIT",
          "",
          Instant.EPOCH,
          SMALL.defaults(),
          SMALL.limits(),
          List.of(
              new TextEncoder(
                  "tokenizer.json",
                  "text.onnx",
                  "states.0",
                  77,
                  16,
                  OptionalLong.of(0),
                  true,
                  List.of("states.1", "states.2"),
                  Optional.empty(),
                  TextEncoder.Join.BESIDE)),
          null,
          null,
          scheduler(SchedulerConfig.PredictionType.EPSILON),
          Optional.empty(),
          Map.of());

  /** The same, in no pool. */
  static final ModelCard NOT_SERVED =
      new ModelCard(
          "not-served",
          DIGEST,
          Path.of("not-served"),
          "test",
          Optional.empty(),
          "MIT",
          "",
          Instant.EPOCH,
          SMALL.defaults(),
          SMALL.limits(),
          List.of(),
          null,
          null,
          SMALL.scheduler(),
          Optional.empty(),
          Map.of());

  private static SchedulerConfig scheduler(SchedulerConfig.PredictionType predicts) {
    return new SchedulerConfig(
        1000,
        SchedulerConfig.BetaSchedule.LINEAR,
        0.0001,
        0.02,
        predicts,
        SchedulerConfig.TimestepSpacing.TRAILING,
        0,
        false,
        1,
        true,
        false,
        FlowShift.NONE);
  }

  private final List<UpscalerCard> upscalers;

  TestModels() {
    this(List.of(upscaler("esrgan", 2)));
  }

  TestModels(List<UpscalerCard> upscalers) {
    this.upscalers = upscalers;
  }

  static UpscalerCard upscaler(String name, int scale) {
    return new UpscalerCard(
        name,
        "sha256:" + "cd".repeat(32),
        Path.of(name),
        "MIT",
        "",
        Instant.EPOCH,
        "model.onnx",
        scale,
        new UpscalerCard.Tiling(10, 256, 1),
        Map.of());
  }

  @Override
  public Optional<ModelCard> find(String reference) {
    return Stream.of(SMALL, FLOW, CHUNKED, NOT_SERVED)
        .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()))
        .findFirst();
  }

  /** One of a family. */
  static LoraCard lora(String name, String family) {
    return new LoraCard(
        name,
        "sha256:" + "ef".repeat(32),
        Path.of(name),
        List.of(family),
        List.of("unet"),
        "MIT",
        "",
        Instant.EPOCH,
        "lora.safetensors",
        Map.of());
  }

  @Override
  public Optional<LoraCard> lora(String reference) {
    return Stream.of(lora("ink", "test"), lora("wash", "test"), lora("xl-only", "xl"))
        .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()))
        .findFirst();
  }

  @Override
  public List<LoraCard> lorasOf(ModelCard model) {
    return List.of(lora("ink", "test"), lora("wash", "test"));
  }

  /** One of a family. */
  static ControlNetCard controlNet(String name, String family) {
    return new ControlNetCard(
        name,
        "sha256:" + "bb".repeat(32),
        Path.of(name),
        List.of(family),
        "MIT",
        "",
        Instant.EPOCH,
        "model.onnx",
        Map.of());
  }

  @Override
  public Optional<ControlNetCard> controlNet(String reference) {
    return Optional.of(controlNet("small-edges", "test"))
        .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()));
  }

  @Override
  public List<ControlNetCard> controlNetsOf(ModelCard model) {
    return List.of(controlNet("small-edges", "test"));
  }

  /** Of every model with chunks. */
  static TextualInversionCard inversion(String name) {
    return new TextualInversionCard(
        name,
        "sha256:" + "aa".repeat(32),
        Path.of(name),
        List.of("test"),
        "MIT",
        "",
        Instant.EPOCH,
        2,
        "textual_inversion.safetensors",
        Map.of());
  }

  @Override
  public List<TextualInversionCard> textualInversionsOf(ModelCard model) {
    return model.hasChunks()
        ? List.of(inversion("bad-hands-5"), inversion("easynegative"))
        : List.of();
  }

  @Override
  public Optional<String> poolOf(ModelCard model) {
    return Optional.of("default").filter(pool -> !model.equals(NOT_SERVED));
  }

  @Override
  public List<ModelCard> refinersOf(ModelCard model) {
    return List.of();
  }

  @Override
  public List<String> names() {
    return List.of("chunked", "flow", "small");
  }

  @Override
  public List<UpscalerCard> upscalers() {
    return upscalers;
  }

  @Override
  public Optional<UpscalerCard> upscaler(String reference) {
    return upscalers.stream()
        .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()))
        .findFirst();
  }

  @Override
  public Optional<UpscalerCard> upscaler(int factor) {
    return upscalers.stream().filter(card -> card.factors().contains(factor)).findFirst();
  }
}
