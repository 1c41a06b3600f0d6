package dev.latentline.denoiser.task;

import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/** Runs a task's steps until it is done or nobody wants it any more. */
public final class StepLoop {
  private final BooleanSupplier unwanted;
  private final IntConsumer stepped;

  /**
   * @param unwanted asked before each step
   * @param stepped told after each step how many are done; must not block
   */
  public StepLoop(BooleanSupplier unwanted, IntConsumer stepped) {
    this.unwanted = unwanted;
    this.stepped = stepped;
  }

  /**
   * @param stop ends it in the middle of a step
   * @return whether the task is done
   */
  public boolean run(StepTask task, RunStop stop) {
    while (!task.done()) {
      if (stop.stopped() || unwanted.getAsBoolean()) {
        return false;
      }
      try {
        task.step(stop);
      } catch (RunStoppedException e) {
        return false;
      }
      stepped.accept(task.state().step());
    }
    return true;
  }
}
