package dev.latentline.denoiser.task;

import dev.latentline.denoiser.network.NoisePredictor;
import dev.latentline.inference.session.RunStop;
import java.util.List;

/** Makes steps without a loop. */
public final class Steps {
  private Steps() {}

  public static void one(StepTask task, NoisePredictor network) {
    task.advance(network.predict(List.of(task.call()), new RunStop()).get(0));
  }

  public static StepTask all(StepTask task, NoisePredictor network) {
    while (!task.done()) {
      one(task, network);
    }
    return task;
  }
}
