package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Denoisers of two pools as processes of their own: east has the starter, west starter-turbo. */
@Timeout(Patience.TEST_SECONDS)
class PoolsIT {
  private static final String EAST = "pools-east";
  private static final String WEST = "pools-west";
  private static final int STEPS = 3;

  private static TestStack stack;
  private static Path models;
  private static ModelCard before;
  private static Catalogue catalogue;

  /** Room for one network: the pool's versions take turns. */
  private static final Map<String, String> SMALL =
      Map.of("LATENTLINE_INFERENCE_MODEL_MEMORY", "1M");

  private final Replicas east = new Replicas(stack, EAST, models, SMALL);
  private final Replicas west = new Replicas(stack, WEST, models, SMALL);

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), EAST, WEST);
    models = stack.folder().resolve("pools-catalogue");
    Starter.copy("starter", models.resolve("starter"));
    Starter.copy("starter-turbo", models.resolve("starter-turbo"));
    Files.writeString(
        models.resolve("pools.yaml"), EAST + ": [starter]\n" + WEST + ": [starter-turbo]\n");
    before = Catalogue.open(models).find("starter").orElseThrow();
    replaceTheStarter();
    catalogue = Catalogue.open(models);
  }

  /** By one with the network of starter-turbo, as an import would. */
  private static void replaceTheStarter() throws IOException {
    Path retired = models.resolve("retired/0123456789ab/starter");
    Files.createDirectories(retired.getParent());
    Files.move(models.resolve("starter"), retired);
    Starter.copy("starter-turbo", models.resolve("starter"));
    Path manifest = models.resolve("starter/manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"name\": \"starter-turbo\"", "\"name\": \"starter\""));
  }

  @AfterEach
  void end() {
    east.close();
    west.close();
  }

  @Test
  void eachPoolMakesThePicturesOfItsModelsAndOfWhatHadTheirNamesBefore() throws Exception {
    ChildProcess ofEast = east.start();
    ChildProcess ofWest = west.start();
    ModelCard now = catalogue.find("starter").orElseThrow();
    EmbeddingReady accepted = picture(EAST, before);
    EmbeddingReady newer = picture(EAST, now);
    EmbeddingReady turbo = picture(WEST, catalogue.find("starter-turbo").orElseThrow());

    Stream.of(accepted, newer, turbo).forEach(Replicas::submit);

    for (EmbeddingReady picture : List.of(accepted, newer, turbo)) {
      assertThat(Replicas.latents(id(picture))).isEqualTo(undisturbed(picture));
    }
    assertThat(undisturbed(accepted)).isNotEqualTo(undisturbed(newer));
    assertThat(Replicas.log(ofEast)).contains(id(accepted), id(newer)).doesNotContain(id(turbo));
    assertThat(Replicas.log(ofWest)).contains(id(turbo)).doesNotContain(id(accepted), id(newer));
  }

  @Test
  void aPictureOfAModelThatThePoolDoesNotHaveFailsWithTheReason() throws Exception {
    west.start();
    EmbeddingReady lost = picture(WEST, before);

    Replicas.submit(lost);

    GenerationEvent event =
        GenerationEvent.parseFrom(
            RecordReader.open()
                .ofGeneration(Topic.GENERATION_EVENT.topicName(), id(lost), 1, Patience.SOON)
                .get(0)
                .value());
    assertThat(event.getImageFailed().getCode()).isEqualTo("model_unavailable");
  }

  private static String id(EmbeddingReady picture) {
    return picture.getRequest().getGenerationId();
  }

  private static EmbeddingReady picture(String pool, ModelCard model) {
    GenerationRequest request =
        Starter.request()
            .setGenerationId(
                GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current()))
            .setPool(pool)
            .setModel(ModelRef.newBuilder().setName(model.name()).setDigest(model.digest()))
            .setSteps(STEPS)
            .build();
    return Starter.apple(request);
  }

  /** Made in this process. */
  private static float[] undisturbed(EmbeddingReady record) {
    String pool = record.getRequest().getPool();
    try (PoolModels own =
        new PoolModels(catalogue, pool, SessionSettings.cpu(1), BatchSizes.none())) {
      PoolModel model = own.require(record.getRequest().getModel());
      TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());
      StepTask task = StepTask.start(planner.plan(record, model));
      try (HeldNetwork held = own.network(model)) {
        return Steps.all(task, held.network()).latents().data();
      }
    }
  }
}
