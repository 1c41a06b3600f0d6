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
  private static final RuntimeClass CLASS = RuntimeClass.newBuilder().setProvider("cpu").build();

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
    StepTask begun = first.begin();
    Steps.one(begun, Tasks::network);
    first.stepped(begun.state(), Duration.ZERO);
    first.handedOver();

    assertThat(stepsDone(lora("ink", 0.5f))).isEqualTo(1);
    assertThat(stepsDone(lora("ink", 0.6f))).isZero();
    assertThat(stepsDone(lora("wash", 0.5f))).isZero();
    assertThat(stepsDone(lora("ink", 0.5f), lora("wash", 0.5f))).isZero();
    assertThat(stepsDone()).isZero();
  }

  /** Of the task that the next attempt begins with. */
  private int stepsDone(Lora... loras) {
    return task(2, loras).begin().state().step();
  }

  private TaskRecords.OfTask task(int attempt, Lora... loras) {
    WorkItem item =
        new WorkItem(
            PLAN.task().key(),
            new byte[0],
            Map.of(),
            PLAN.task().generationId(),
            attempt,
            false,
            Instant.MAX,
            null);
    GenerationRequest request =
        GenerationRequest.newBuilder().setTenant("acme").addAllLoras(List.of(loras)).build();
    return tasks.of(item, request, PLAN, "sha256:abc", CLASS);
  }

  private static Lora lora(String name, float weight) {
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(name).setDigest("sha256:def"))
        .setWeight(weight)
        .build();
  }
}
