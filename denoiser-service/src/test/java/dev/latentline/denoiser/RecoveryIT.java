package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.S3BlobStore;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.Progress;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two denoisers as processes of their own: what becomes of the pictures of one that is lost. */
@Timeout(Patience.TEST_SECONDS)
class RecoveryIT {
  private static final Duration SOON = Patience.SOON;
  private static final String POOL = "recovery";
  private static final String QUEUE = Topic.EMBEDDING_READY.topicName(POOL);
  private static final int STEPS = 60;
  private static final Map<Integer, float[]> UNDISTURBED = new TreeMap<>();

  private static TestStack stack;
  private static S3BlobStore store;
  private static RecordWriter writer;
  private static RecordReader reader;
  private static EmbeddingReady apple;
  private static Path catalogue;

  private final Replicas replicas = new Replicas(stack, POOL, catalogue);

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), POOL);
    writer = RecordWriter.open();
    reader = RecordReader.open();
    apple = Starter.apple(Starter.request().build());
    catalogue = Replicas.catalogue(stack, POOL);
    store = new Replicas(stack, POOL, catalogue).store();
  }

  @AfterAll
  static void close() {
    writer.close();
    store.close();
  }

  @AfterEach
  void end() {
    replicas.close();
  }

  @Test
  void theOthersGoOnWithThePicturesOfAKilledReplica() throws Exception {
    Pair pair = atWork(3);

    pair.busy().kill();

    allAreMade(pair.ids());
    // a delivery in between may have reached the one that was killed
    String resumed = "generation=" + pair.recorded() + " image=0 attempt=[23] begins at step ";
    assertThat(Replicas.log(pair.other()))
        .containsPattern(resumed)
        .doesNotContainPattern(resumed + "0/");
  }

  @Test
  void theOthersGoOnWithThePicturesOfAFrozenReplicaAndItsLateWorkDoesNoHarm() throws Exception {
    Pair pair = atWork(2);

    pair.busy().freeze();

    allAreMade(pair.ids());
    pair.busy().thaw();
    // stopped where the broker refuses its lease, or done where the record is done as well
    String late = "generation=" + pair.recorded() + " image=0 attempt=1 (stopped|done) at";
    await()
        .atMost(SOON)
        .until(() -> Pattern.compile(late).matcher(Replicas.log(pair.busy())).find());
    for (int i = 0; i < 2; i++) {
      for (ConsumerRecord<String, byte[]> published :
          of(Topic.LATENT_DENOISED.topicName(), pair.ids().get(i))) {
        assertThat(floats(published)).isEqualTo(undisturbed(i));
      }
    }
  }

  @Test
  void aReplicaThatIsToldToEndHandsItsPicturesOnAtOnce() throws Exception {
    Pair pair = atWork(3);

    long began = System.nanoTime();
    pair.busy().handle().destroy();
    pair.busy().onExit().get(Patience.TEST_SECONDS, TimeUnit.SECONDS);
    // 5 s are promised where the machine does nothing else
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));

    allAreMade(pair.ids());
    // a fetch that was open when its replica was told to end may have had it in between
    assertThat(Replicas.log(pair.other()))
        .containsPattern(
            "generation=" + pair.recorded() + " image=0 attempt=[12] begins at step [1-9]");
    // not one step was lost: none was made twice
    assertThat(madeSteps(pair.recorded())).doesNotHaveDuplicates();
  }

  @Test
  void withoutAStoreThePicturesOfAReplicaGoOnAndNoStepIsMadeTwice() throws Exception {
    ChildProcess replica = replicas.start();
    List<String> ids = submit(STEPS, 2);
    await().atMost(SOON).until(() -> ids.stream().anyMatch(RecoveryIT::hasRecord));

    stack.killStore();
    try {
      allAreMade(ids);
      // said when the client has given up, which on a fast machine is after the pictures
      await()
          .atMost(SOON)
          .until(() -> Replicas.log(replica).contains("step records are not written"));
      for (String id : ids) {
        assertThat(madeSteps(id)).isNotEmpty().doesNotHaveDuplicates();
      }
    } finally {
      stack.startStore();
    }
  }

  /** Two replicas, one of which is at work at a picture that it has left a record of. */
  private Pair atWork(int pictures) throws Exception {
    List<ChildProcess> both = replicas.start(2);
    List<String> ids = submit(STEPS, pictures);
    return await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () ->
                IntStream.range(0, both.size())
                    .boxed()
                    .flatMap(
                        i ->
                            ids.stream()
                                .filter(RecoveryIT::hasRecord)
                                .filter(id -> Replicas.holds(both.get(i), id))
                                .map(id -> new Pair(both.get(i), both.get(1 - i), ids, id)))
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  private static boolean hasRecord(String id) {
    return store.exists(
        ObjectKeys.latestStep(apple.getRequest().getTenant(), new ImageTask(id, 0)));
  }

  private record Pair(ChildProcess busy, ChildProcess other, List<String> ids, String recorded) {}

  private static void allAreMade(List<String> ids) throws Exception {
    for (int i = 0; i < ids.size(); i++) {
      assertThat(latents(ids.get(i))).as("picture %d", i).isEqualTo(undisturbed(i));
    }
    assertThat(deadLetters(ids)).isEmpty();
  }

  @Test
  void aPictureThatKillsItsWorkerIsGivenUpAndItsNeighboursAreNot() throws Exception {
    ChildProcess replica = replicas.start();
    String poison = submit(12, 1).get(0);
    List<String> neighbours = submit(STEPS, 2);
    int kills = 0;
    while (!whatHappensTo(poison, replica).equals("is given up")) {
      replica.kill();
      kills++;
      replica = replicas.launch();
    }

    // the first may have been given to one that other tests killed
    assertThat(kills).isBetween(2, 3);
    ConsumerRecord<String, byte[]> letter =
        reader
            .ofGeneration(Topic.DEAD_LETTER.topicName(Stage.DENOISER.id()), poison, 1, SOON)
            .get(0);

    assertThat(RecordReader.header(letter, HeaderNames.DEAD_LETTER_CODE))
        .isEqualTo("attempts_exhausted");
    allAreMade(neighbours);
  }

  /** It may take the picture before it says that it is ready. */
  private static String whatHappensTo(String id, ChildProcess replica) {
    Pattern told = Pattern.compile("generation=" + id + " .*(begins|is given up)");
    return await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              Matcher matcher = told.matcher(Replicas.log(replica));
              return matcher.find() ? matcher.group(1) : "";
            },
            what -> !what.isEmpty());
  }

  private static GenerationRequest request(String id, int steps, int seed) {
    return Starter.request()
        .setGenerationId(id)
        .setPool(POOL)
        .setSteps(steps)
        .setSampler("euler_a")
        .setSeed(seed)
        .build();
  }

  private static List<String> submit(int steps, int pictures) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < pictures; i++) {
      String id = GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
      writer.write(
          QUEUE,
          new ImageTask(id, 0).key(),
          apple.toBuilder().setRequest(request(id, steps, i)).build().toByteArray(),
          RecordWriter.headers(id, Instant.now().plus(Duration.ofHours(1)), "EmbeddingReady"));
      ids.add(id);
    }
    return ids;
  }

  private static List<Integer> madeSteps(String id) throws Exception {
    List<Integer> steps = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> told : of(Topic.GENERATION_PROGRESS.topicName(), id)) {
      steps.add(Progress.parseFrom(told.value()).getStep());
    }
    return steps;
  }

  private static List<ConsumerRecord<String, byte[]>> of(String topic, String id) {
    return reader.all(topic).stream()
        .filter(record -> id.equals(RecordReader.header(record, HeaderNames.GENERATION_ID)))
        .toList();
  }

  private static List<ConsumerRecord<String, byte[]>> deadLetters(List<String> ids) {
    return ids.stream()
        .flatMap(id -> of(Topic.DEAD_LETTER.topicName(Stage.DENOISER.id()), id).stream())
        .toList();
  }

  private static float[] latents(String id) throws Exception {
    return floats(reader.ofGeneration(Topic.LATENT_DENOISED.topicName(), id, 1, SOON).get(0));
  }

  private static float[] floats(ConsumerRecord<String, byte[]> record) throws Exception {
    return TensorRecords.fromRecord(
            LatentDenoised.parseFrom(record.value()).getLatents().getInline())
        .data();
  }

  /** The picture with a seed, made in this process. */
  private static float[] undisturbed(int seed) {
    return UNDISTURBED.computeIfAbsent(
        seed,
        any -> {
          GenerationRequest request = request(apple.getRequest().getGenerationId(), STEPS, seed);
          TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());
          try (PoolModels models = Starter.models()) {
            PoolModel starter = models.require(request.getModel());
            EmbeddingReady record = apple.toBuilder().setRequest(request).build();
            StepTask task = StepTask.start(planner.plan(record, starter));
            try (HeldNetwork held = models.network(starter)) {
              return Steps.all(task, held.network()).latents().data();
            }
          }
        });
  }
}
