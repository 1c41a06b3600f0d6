package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Role;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Imported checkpoints of every kind make the latents that diffusers' pipelines make, step by step
 * from the same seed, and the same picture, also with ControlNets: parity/golden_pipelines.py and
 * golden_control_pipelines.py write the files.
 */
class PipelineParityIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));

  /** Of the largest latent; latents are compared after each step. */
  private static final double TOLERANCE = 1e-4;

  /** Of the numbers of 8 bits. */
  private static final double SAME_PIXELS = 0.999;

  private static final String FILE = ".safetensors";

  @TempDir Path folder;

  static Stream<String> cases() throws IOException {
    List<String> names = new ArrayList<>();
    for (String kind : List.of("pipelines", "controlled")) {
      try (Stream<Path> files = Files.list(golden(kind))) {
        files
            .map(file -> kind + "/" + file.getFileName())
            .filter(name -> name.endsWith(FILE))
            .map(name -> name.substring(0, name.length() - FILE.length()))
            .sorted()
            .forEach(names::add);
      }
    }
    return names.stream();
  }

  private static Path golden(String name) {
    return RandomCheckpoint.templates().resolveSibling("golden").resolve(name);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void latentsAndPictureAreThoseOfDiffusers(String name) throws IOException {
    try (SafetensorsFile golden = SafetensorsFile.open(golden(name + FILE))) {
      JsonNode request = new JsonMapper().readTree(golden.metadata().get("request"));
      Catalogue catalogue = imported(request);
      ModelCard card = catalogue.find("it").orElseThrow();
      try (PoolModels models =
          new PoolModels(catalogue, "default", SessionSettings.cpu(1), BatchSizes.none())) {
        PoolModel model = models.require(reference(card));
        Optional<PoolModel> refiner =
            catalogue.find("refiner").map(each -> models.require(reference(each)));
        TaskPlan plan =
            new TaskPlanner((tenant, payload) -> payload.getInline())
                .plan(record(request, catalogue, golden), model, refiner);
        StepTask task = StepTask.start(plan);
        List<ControlNetCard> controls = controls(request, catalogue);
        while (!task.done()) {
          try (HeldNetwork held =
              task.refines()
                  ? models.network(refiner.orElseThrow())
                  : models.network(model, List.of(), controls, () -> true).orElseThrow()) {
            int step = task.state().step();
            Steps.one(task, held.network());
            if (task.state().step() > step) {
              assertSame(golden, "latents." + step, latents(task, request));
            }
          }
        }
        assertSamePicture(golden, card, task.latents());
      }
    }
  }

  private Catalogue imported(JsonNode request) throws IOException {
    RandomCheckpoint checkpoint = RandomCheckpoint.of(request.path("checkpoint").asText());
    for (JsonNode marker : request.path("markers")) {
      checkpoint = checkpoint.with(marker.asText(), 0);
    }
    imported(checkpoint, "it");
    if (request.has("refiner")) {
      imported(RandomCheckpoint.of(request.path("refiner").asText()), "refiner");
    }
    for (int i = 0; i < request.path("controls").size(); i++) {
      imported(controlNet(request.path("controls").get(i)), "control-" + i);
    }
    return Catalogue.open(
        List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
  }

  private static RandomCheckpoint controlNet(JsonNode control) throws IOException {
    String template = control.path("template").asText();
    return control.path("layout").asText().equals("diffusers")
        ? RandomCheckpoint.ofParts(template, "controlnet")
        : RandomCheckpoint.of(template);
  }

  private static List<ControlNetCard> controls(JsonNode request, Catalogue catalogue) {
    return IntStream.range(0, request.path("controls").size())
        .mapToObj(i -> catalogue.findControlNet("control-" + i).orElseThrow())
        .toList();
  }

  private void imported(RandomCheckpoint checkpoint, String name) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(
            checkpoint.write(folder.resolve(name + ".safetensors")),
            name,
            RandomCheckpoint.allTemplates(),
            folder.resolve("models")),
        note -> {});
  }

  private static ModelRef reference(ModelCard card) {
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  private static EmbeddingReady record(
      JsonNode request, Catalogue catalogue, SafetensorsFile golden) throws IOException {
    GenerationRequest.Builder stated = GenerationRequest.newBuilder();
    catalogue
        .find("refiner")
        .ifPresent(
            refiner ->
                stated
                    .getRefinerBuilder()
                    .setRefiner(reference(refiner))
                    .setStart(request.path("refiner_start").asDouble()));
    EmbeddingReady.Builder record = EmbeddingReady.newBuilder();
    for (int i = 0; i < request.path("controls").size(); i++) {
      JsonNode control = request.path("controls").get(i);
      stated
          .addControlsBuilder()
          .setWeight((float) control.path("weight").asDouble())
          .setStart(control.path("start").asDouble())
          .setEnd(control.path("end").asDouble());
      record.addControlPictures(picture(golden, "control." + i));
    }
    return record
        .setRequest(
            stated
                .setGenerationId("gen_1")
                .setModel(reference(catalogue.find("it").orElseThrow()))
                .setRng("cpu")
                .setSeed(request.path("seed").asLong())
                .setSampler(request.path("sampler").asText())
                .setSchedule(request.path("schedule").asText())
                .setSteps(request.path("steps").asInt())
                .setWidth(request.path("width").asInt())
                .setHeight(request.path("height").asInt())
                .setGuidanceScale((float) request.path("guidance_scale").asDouble())
                .setGuidanceRescale((float) request.path("guidance_rescale").asDouble()))
        .addConditionings(conditioning(golden, Role.POSITIVE, ""))
        .addConditionings(conditioning(golden, Role.NEGATIVE, "negative_"))
        .mergeFrom(masked(golden))
        .build();
  }

  /** What the encoder makes for networks that fill in; it has a test of its own. */
  private static EmbeddingReady masked(SafetensorsFile golden) throws IOException {
    EmbeddingReady.Builder masked = EmbeddingReady.newBuilder();
    if (golden.find("masked").isPresent()) {
      masked.setMaskedPicture(payload(golden, "masked"));
    }
    return masked.build();
  }

  private static Conditioning conditioning(SafetensorsFile golden, Role role, String prefix)
      throws IOException {
    Conditioning.Builder conditioning =
        Starter.conditioning(role, tensor(golden, prefix + "prompt_embeds")).toBuilder();
    if (golden.find(prefix + "pooled_prompt_embeds").isPresent()) {
      conditioning.setPooled(payload(golden, prefix + "pooled_prompt_embeds"));
    }
    String refiner = "refiner_" + prefix;
    if (golden.find(refiner + "prompt_embeds").isPresent()) {
      conditioning
          .setRefinerEmbedding(payload(golden, refiner + "prompt_embeds"))
          .setRefinerPooled(payload(golden, refiner + "pooled_prompt_embeds"));
    }
    return conditioning.build();
  }

  private static Payload picture(SafetensorsFile golden, String name) throws IOException {
    StoredTensor stored = golden.find(name).orElseThrow();
    byte[] colours = new byte[(int) stored.elements()];
    golden.map(stored).get(colours);
    return Payload.newBuilder()
        .setInline(
            TensorRecords.toUint8(
                colours, stored.shape().stream().mapToLong(Long::longValue).toArray()))
        .build();
  }

  private static Payload payload(SafetensorsFile golden, String name) throws IOException {
    return Payload.newBuilder().setInline(TensorRecords.toFloat32(tensor(golden, name))).build();
  }

  private static FloatTensor tensor(SafetensorsFile golden, String name) throws IOException {
    StoredTensor stored = golden.find(name).orElseThrow();
    float[] values = new float[(int) stored.elements()];
    golden.map(stored).asFloatBuffer().get(values);
    return new FloatTensor(stored.shape().stream().mapToLong(Long::longValue).toArray(), values);
  }

  /** As the scheduler of diffusers keeps them. */
  private static float[] latents(StepTask task, JsonNode request) {
    TaskPlan plan = task.plan();
    double level = plan.sigmas().to(task.state().step() - 1);
    return request.path("scaled").asBoolean()
        ? Prediction.networkInput(plan.predicts(), task.state().latents(), level)
        : task.state().latents();
  }

  private static void assertSame(SafetensorsFile golden, String name, float[] found)
      throws IOException {
    float[] expected = tensor(golden, name).data();
    assertThat(found).hasSameSizeAs(expected);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      difference = Math.max(difference, Math.abs(expected[i] - found[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    assertThat(difference / largest).as(name).isLessThan(TOLERANCE);
  }

  private static void assertSamePicture(SafetensorsFile golden, ModelCard card, FloatTensor latents)
      throws IOException {
    float[] expected = tensor(golden, "picture").data();
    float[] values = Prediction.scaled(latents.data(), 1 / card.vae().scalingFactor());
    String graph = card.vae().decoder();
    try (ModelSession decoder =
        ModelSession.open(card.file(graph), card.weightsOf(graph), SessionSettings.cpu(1))) {
      float[] decoded =
          decoder.run(Map.of("latent_sample", new FloatTensor(latents.shape(), values))).data();
      assertThat(decoded).hasSameSizeAs(expected);
      int same = 0;
      int plane = expected.length / 3;
      for (int i = 0; i < decoded.length; i++) {
        double shown = Math.max(0, Math.min(1, decoded[i] / 2 + 0.5));
        // colours one after the other here, and side by side there
        same += Math.rint(shown * 255) == expected[i % plane * 3 + i / plane] ? 1 : 0;
      }
      assertThat((double) same / decoded.length).isGreaterThanOrEqualTo(SAME_PIXELS);
    }
  }
}
