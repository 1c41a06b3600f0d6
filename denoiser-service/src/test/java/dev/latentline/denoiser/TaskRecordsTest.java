package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.denoiser.loop.Tasks;
import dev.latentline.denoiser.resume.BegunAttempts;
import dev.latentline.denoiser.resume.MapStore;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepWriter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TaskRecordsTest {
  private static final TaskPlan PLAN = Tasks.plan(7, 5);
  private static final String DIGEST = "sha256:abc";
  private static final RuntimeClass CLASS =
      RuntimeClass.newBuilder()
          .setProvider("cpu")
          .setOnnxruntimeVersion("1.29.0")
          .setDevice("avx512f")
          .setIntraOpThreads(1)
          .setBatch(2)
          .build();

  private final MapStore store = new MapStore();
  private final StepRecords records = new StepRecords(store);
  private final StepWriter writer = new StepWriter(records);
  private final TaskRecords tasks =
      new TaskRecords(records, writer, new BegunAttempts(store), new CancelledGenerations());

  @AfterEach
  void close() {
    writer.close();
  }

  @Test
  void onlyAStepRecordOfTheSameLorasIsResumed() {
    TaskRecords.OfTask first = task(1, lora("ink", 0.5f));
    StepTask begun = first.start();
    Steps.one(begun, Tasks::network);
    first.stepped(begun.state(), Duration.ZERO);
    assertThat(first.handOver()).isTrue();

    assertThat(stepsDone(lora("ink", 0.5f))).isEqualTo(1);
    assertThat(stepsDone(lora("ink", 0.6f))).isZero();
    assertThat(stepsDone(lora("wash", 0.5f))).isZero();
    assertThat(stepsDone(lora("ink", 0.5f), lora("wash", 0.5f))).isZero();
    assertThat(stepsDone()).isZero();
  }

  @Test
  void onlyAStepRecordOfTheSameNetworkAndRuntimeClassIsResumed() {
    TaskRecords.OfTask first = task(1);
    StepTask begun = first.start();
    Steps.one(begun, Tasks::network);
    first.stepped(begun.state(), Duration.ZERO);
    first.handOver();

    assertThat(stepsDone(DIGEST, CLASS)).isEqualTo(1);
    assertThat(stepsDone("sha256:other", CLASS)).isZero();
    for (RuntimeClass other :
        List.of(
            CLASS.toBuilder().setProvider("cuda").build(),
            CLASS.toBuilder().setOnnxruntimeVersion("1.30.0").build(),
            CLASS.toBuilder().setDevice("avx2").build(),
            CLASS.toBuilder().setIntraOpThreads(3).build(),
            CLASS.toBuilder().setBatch(4).build())) {
      assertThat(stepsDone(DIGEST, other)).as("%s", other).isZero();
    }
  }

  @Test
  void whatCannotBeWrittenStaysHereUntilTheStoreIsBack() {
    TaskRecords.OfTask task = task(1);
    StepTask begun = task.start();
    store.away = true;
    assertThat(task.handOver()).as("there is nothing to write yet").isTrue();
    Steps.one(begun, Tasks::network);
    task.stepped(begun.state(), Duration.ZERO);
    assertThat(task.movable()).as("nobody has noticed yet").isTrue();

    assertThat(task.handOver()).isFalse();
    assertThat(task.movable()).isFalse();

    store.away = false;
    assertThat(task.handOver()).isTrue();
    assertThat(task.movable()).isTrue();
    assertThat(stepsDone()).isEqualTo(1);
  }

  /** Of the task that the next attempt begins with. */
  private int stepsDone(Lora... loras) {
    return task(2, loras).start().state().step();
  }

  private int stepsDone(String digest, RuntimeClass runtime) {
    GenerationRequest request = GenerationRequest.newBuilder().setTenant("acme").build();
    return tasks.of(item(2), request, PLAN, digest, runtime).start().state().step();
  }

  private TaskRecords.OfTask task(int attempt, Lora... loras) {
    GenerationRequest request =
        GenerationRequest.newBuilder().setTenant("acme").addAllLoras(List.of(loras)).build();
    return tasks.of(item(attempt), request, PLAN, DIGEST, CLASS);
  }

  private static WorkItem item(int attempt) {
    return new WorkItem(
        PLAN.task().key(),
        new byte[0],
        Map.of(),
        PLAN.task().generationId(),
        attempt,
        false,
        Instant.MAX,
        null);
  }

  private static Lora lora(String name, float weight) {
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(name).setDigest("sha256:def"))
        .setWeight(weight)
        .build();
  }
}
