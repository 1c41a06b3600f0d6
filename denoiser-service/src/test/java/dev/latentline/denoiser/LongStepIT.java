package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.GenerationIds;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.Steps;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two denoisers as processes of their own, and a picture whose every step takes longer than they
 * give it when they end: the largest that the starter makes, with eight texts, and a short grace.
 */
@Timeout(Patience.TEST_SECONDS)
class LongStepIT {
  private static final String POOL = "long-steps";
  private static final int SIDE = 256;
  private static final int PROMPTS = 7;
  private static final int STEPS = 2;

  private static TestStack stack;
  private static Path models;

  private final Replicas replicas =
      new Replicas(stack, POOL, models, Map.of("LATENTLINE_GRACE_MS", "10"));

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), POOL);
    models = Replicas.catalogue(stack, POOL);
  }

  @AfterEach
  void end() {
    replicas.close();
  }

  @Test
  void aReplicaThatIsToldToEndAbortsItsStepAndTheOtherGoesOnBeforeIt() throws Exception {
    String id = GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
    EmbeddingReady record = record(id);
    CompletableFuture<float[]> undisturbed =
        CompletableFuture.supplyAsync(() -> undisturbed(record));
    List<ChildProcess> both = replicas.start(2);
    ChildProcess one = both.get(0);
    ChildProcess two = both.get(1);
    Replicas.submit(record);
    replicas.awaitStepRecord(record.getRequest());
    boolean isOne = Replicas.log(one).contains("generation=" + id);
    ChildProcess busy = isOne ? one : two;
    ChildProcess other = isOne ? two : one;

    // the second step has just begun
    long began = System.nanoTime();
    busy.handle().destroy();
    busy.onExit().get(Patience.TEST_SECONDS, TimeUnit.SECONDS);
    // 5 s are promised where the machine does nothing else
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));

    assertThat(Replicas.log(busy))
        .contains("generation=" + id + " image=0 attempt=1 stopped at step 1/" + STEPS);
    assertThat(Replicas.latents(id)).isEqualTo(undisturbed.join());
    assertThat(Replicas.log(other))
        .contains("generation=" + id + " image=0 attempt=1 begins at step 1/" + STEPS);
  }

  private static EmbeddingReady record(String id) {
    EmbeddingReady apple = Starter.apple(Starter.request().build());
    GenerationRequest request =
        Starter.request()
            .setGenerationId(id)
            .setPool(POOL)
            .setSteps(STEPS)
            .setSampler("euler_a")
            .setWidth(SIDE)
            .setHeight(SIDE)
            .build();
    EmbeddingReady.Builder record = apple.toBuilder().setRequest(request);
    for (int i = 1; i < PROMPTS; i++) {
      record.addConditionings(apple.getConditionings(0).toBuilder().setWeight(1f / (1 + i)));
    }
    return record.build();
  }

  /** Made in this process. */
  private static float[] undisturbed(EmbeddingReady record) {
    try (PoolModels pool = Starter.models()) {
      PoolModel model = pool.require(record.getRequest().getModel());
      TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());
      StepTask task = StepTask.start(planner.plan(record, model));
      try (HeldNetwork held = pool.network(model)) {
        return Steps.all(task, held.network()).latents().data();
      }
    }
  }
}
