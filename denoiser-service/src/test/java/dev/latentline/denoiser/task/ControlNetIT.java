package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.latentline.contract.Failure;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.Tensor;
import dev.latentline.testkit.Patience;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The starter, steered by its ControlNet for edges. */
@Timeout(Patience.TEST_SECONDS)
class ControlNetIT {
  private static final TaskPlanner PLANNER =
      new TaskPlanner((tenant, payload) -> payload.getInline());
  private static final int STEPS = 4;
  private static PoolModels models;
  private static PoolModel starter;
  private static ControlNetCard edges;
  private static EmbeddingReady apple;

  @BeforeAll
  static void load() {
    models = Starter.models();
    edges = Starter.catalogue().findControlNet("starter-edges").orElseThrow();
    apple = Starter.apple(Starter.request().setSteps(STEPS).build());
    starter = models.require(apple.getRequest().getModel());
  }

  @AfterAll
  static void close() {
    models.close();
  }

  @Test
  void aPictureFollowsAnotherOne() {
    float[] steered = denoise(steered(control(1, 0, 1, square(40))));

    assertThat(steered).isNotEqualTo(denoise(apple));
    assertThat(denoise(steered(control(1, 0, 1, square(40))))).isEqualTo(steered);
    assertThat(denoise(steered(control(1, 0, 1, square(20))))).isNotEqualTo(steered);
    assertThat(denoise(steered(control(0.5f, 0, 1, square(40))))).isNotEqualTo(steered);
  }

  /** A replica has those of all its tasks in its heap: as fp32 they would take four times that. */
  @Test
  void aPictureIsHeldInItsEightBits() {
    TaskPlan plan = PLANNER.plan(steered(control(1, 0, 1, square(40))), starter);

    assertThat(plan.controls(0).get(0).picture().planes()).isEqualTo(square(40));
  }

  @Test
  void oneOfNoWeightChangesNoByte() {
    assertThat(denoise(steered(control(0, 0, 1, square(40))))).isEqualTo(denoise(apple));
  }

  @Test
  void halfOfItTwiceIsTheSame() {
    Steered half = control(0.5f, 0, 1, square(40));

    assertThat(denoise(steered(half, half)))
        .isEqualTo(denoise(steered(control(1, 0, 1, square(40)))));
  }

  @Test
  void itHoldsInTheStepsThatLieBetweenItsStartAndEnd() {
    List<float[]> without = states(apple);
    List<float[]> late = states(steered(control(1, 0.5, 1, square(40))));
    List<float[]> early = states(steered(control(1, 0, 0.5, square(40))));
    List<float[]> whole = states(steered(control(1, 0, 1, square(40))));
    List<float[]> never = states(steered(control(1, 0.3, 0.6, square(40))));

    assertThat(late.subList(0, 3)).usingRecursiveComparison().isEqualTo(without.subList(0, 3));
    assertThat(late.get(3)).isNotEqualTo(without.get(3));
    assertThat(early.subList(0, 3)).usingRecursiveComparison().isEqualTo(whole.subList(0, 3));
    assertThat(early.get(3)).isNotEqualTo(whole.get(3));
    assertThat(never).as("no whole step").usingRecursiveComparison().isEqualTo(without);
  }

  @Test
  void stepsFromStoredStatesGiveTheSameBytes() {
    EmbeddingReady record = steered(control(0.8f, 0, 0.75, square(40)));
    TaskPlan plan = PLANNER.plan(record, starter);
    try (HeldNetwork network = network(record)) {
      StepTask whole = StepTask.start(plan);
      SamplerState stored = whole.state();
      while (!whole.done()) {
        Steps.one(whole, network.network());
        StepTask resumed = StepTask.resume(plan, stored);
        Steps.one(resumed, network.network());
        stored = resumed.state();
        assertThat(stored.latents()).isEqualTo(whole.state().latents());
      }
    }
  }

  /** As on a GPU: several pictures in one call, each with one of its own, and one without. */
  @Test
  void picturesThatShareCallsAreAsIfAlone() {
    areAsIfAlone(
        steered(control(1, 0, 1, square(40))),
        steered(control(0.5f, 0, 1, square(20))),
        steered(control(0, 0, 1, square(30))));
  }

  @Test
  void picturesThatShareCallsFollowWhatHoldsInThem() {
    Steered none = control(0, 0, 1, square(30));
    areAsIfAlone(
        steered(control(0.7f, 0, 1, square(40)), control(0.5f, 0, 1, square(20))),
        steered(none, control(1, 0, 1, square(25))),
        steered(none, none));
  }

  private static void areAsIfAlone(EmbeddingReady... pictures) {
    List<EmbeddingReady> records = List.of(pictures);
    try (PoolModels batching =
            new PoolModels(
                Starter.catalogue(),
                "default",
                SessionSettings.cpu(1),
                BatchSizes.of(List.of(2, 8)));
        HeldNetwork network = network(batching, records.get(0));
        HeldNetwork again = network(batching, records.get(1))) {
      assertThat(again.network()).as("calls can be shared").isEqualTo(network.network());
      List<NetworkCall> calls =
          records.stream()
              .map(record -> StepTask.start(PLANNER.plan(record, starter)).call())
              .toList();

      List<float[]> together = network.network().predict(calls, new RunStop());

      for (int i = 0; i < calls.size(); i++) {
        float[] alone = network.network().predict(List.of(calls.get(i)), new RunStop()).get(0);
        assertThat(together.get(i)).hasSameSizeAs(alone);
        for (int k = 0; k < alone.length; k++) {
          assertThat(together.get(i)[k]).isCloseTo(alone[k], within(1e-4f));
        }
      }
    }
  }

  /** One of Stable Diffusion says 860 MB to a picture of 2048 x 2048 in each step. */
  @Test
  void whatItSaysIsNotCopiedIntoTheHeap() {
    int side = 256;
    EmbeddingReady record = steered(side, control(0.5f, 0, 1, new byte[3 * side * side]));

    long more = heapOfAStep(record) - heapOfAStep(sized(side, apple.toBuilder()).build());

    long picture = 3L * side * side * Float.BYTES;
    assertThat(more).as("beside the picture that it follows").isLessThan(4 * picture);
  }

  private static long heapOfAStep(EmbeddingReady record) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    StepTask task = StepTask.start(PLANNER.plan(record, starter));
    try (HeldNetwork network = network(record)) {
      List<NetworkCall> calls = List.of(task.call());
      network.network().predict(calls, new RunStop());
      long before = threads.getCurrentThreadAllocatedBytes();
      network.network().predict(calls, new RunStop());
      return threads.getCurrentThreadAllocatedBytes() - before;
    }
  }

  @Test
  void networksThatHaveNotAllRoomComeAndGoTogether() {
    try (PoolModels tight =
            new PoolModels(
                Starter.catalogue(), "default", SessionSettings.cpu(1), BatchSizes.none(), 1);
        HeldNetwork network = network(tight, steered(control(1, 0, 1, square(40))))) {
      assertThat(tight.loaded()).isEqualTo(2);
      assertThat(tight.network(starter, List.of(), List.of(), () -> false).isPresent())
          .as("while they are in use")
          .isFalse();
      assertThat(network.network()).isNotNull();
    }
  }

  @Test
  void recordsThatDoNotFitAreRefused() {
    EmbeddingReady good = steered(control(1, 0, 1, square(40)));
    refused(good.toBuilder().clearControlPictures().build(), "not a picture for each");
    refused(
        good.toBuilder().setControlPictures(0, payload(new byte[3 * 64 * 64], 64)).build(),
        "shape");
    refused(
        good.toBuilder()
            .setControlPictures(
                0,
                Payload.newBuilder()
                    .setInline(
                        Tensor.newBuilder()
                            .setDtype(Tensor.Dtype.FLOAT32)
                            .addAllShape(List.of(1L, 3L, 128L, 128L))))
            .build(),
        "uint8");
    PoolModel turbo =
        models.require(
            ModelRef.newBuilder()
                .setName("starter-turbo")
                .setDigest(Starter.catalogue().find("starter-turbo").orElseThrow().digest())
                .build());
    assertThatThrownBy(() -> PLANNER.plan(good, turbo))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining("takes no ControlNets");
    assertThatThrownBy(() -> models.requireControlNet(reference(), turbo))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining("does not fit the model starter-turbo");
  }

  private static void refused(EmbeddingReady record, String message) {
    assertThatThrownBy(() -> PLANNER.plan(record, starter))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining(message);
  }

  private record Steered(ControlPicture control, byte[] picture) {}

  private static Steered control(float weight, double start, double end, byte[] picture) {
    return new Steered(
        ControlPicture.newBuilder()
            .setControlNet(reference())
            .setWeight(weight)
            .setStart(start)
            .setEnd(end)
            .build(),
        picture);
  }

  private static ModelRef reference() {
    return ModelRef.newBuilder().setName(edges.name()).setDigest(edges.digest()).build();
  }

  private static EmbeddingReady steered(Steered... all) {
    return steered(128, all);
  }

  private static EmbeddingReady steered(int side, Steered... all) {
    EmbeddingReady.Builder record = sized(side, apple.toBuilder());
    for (Steered each : all) {
      record.getRequestBuilder().addControls(each.control);
      record.addControlPictures(payload(each.picture, side));
    }
    return record.build();
  }

  private static EmbeddingReady.Builder sized(int side, EmbeddingReady.Builder record) {
    record.getRequestBuilder().setHeight(side).setWidth(side);
    return record;
  }

  private static Payload payload(byte[] picture, int side) {
    return Payload.newBuilder().setInline(TensorRecords.toUint8(picture, 1, 3, side, side)).build();
  }

  /** White lines on black, so far from the border. */
  private static byte[] square(int border) {
    byte[] picture = new byte[3 * 128 * 128];
    for (int c = 0; c < 3; c++) {
      for (int i = border; i < 128 - border; i++) {
        for (int at :
            new int[] {
              border * 128 + i, (127 - border) * 128 + i, i * 128 + border, i * 128 + 127 - border
            }) {
          picture[c * 128 * 128 + at] = (byte) 255;
        }
      }
    }
    return picture;
  }

  private static HeldNetwork network(EmbeddingReady record) {
    return network(models, record);
  }

  private static HeldNetwork network(PoolModels pool, EmbeddingReady record) {
    List<ControlNetCard> controls =
        Collections.nCopies(record.getRequest().getControlsCount(), edges);
    return pool.network(starter, List.of(), controls, () -> true).orElseThrow();
  }

  private static float[] denoise(EmbeddingReady record) {
    List<float[]> states = states(record);
    return states.get(states.size() - 1);
  }

  /** The latents after each step. */
  private static List<float[]> states(EmbeddingReady record) {
    StepTask task = StepTask.start(PLANNER.plan(record, starter, Optional.empty()));
    List<float[]> states = new ArrayList<>();
    states.add(Arrays.copyOf(task.state().latents(), task.state().latents().length));
    try (HeldNetwork network = network(record)) {
      while (!task.done()) {
        Steps.one(task, network.network());
        states.add(task.state().latents().clone());
      }
    }
    return states;
  }
}
