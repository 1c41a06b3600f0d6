package dev.latentline.denoiser;

import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.kit.workqueue.WorkItem;
import java.time.Duration;

/** Tells who must know how far a picture is: its lease, its step records, and who watches. */
final class TaskWatcher implements StepLoop.Watcher {
  private final WorkItem item;
  private final StepTask task;
  private final StepProgress progress;
  private final TaskRecords.OfTask records;
  private final int first;
  private final long began = System.nanoTime();

  TaskWatcher(WorkItem item, StepTask task, StepProgress progress, TaskRecords.OfTask records) {
    this.item = item;
    this.task = task;
    this.progress = progress;
    this.records = records;
    this.first = task.state().step();
  }

  @Override
  public void stepped(Duration took) {
    records.stepped(task.state(), took);
    progress.report(item, task.plan(), task.state().step(), left());
  }

  /** At the pace so far, the waits for others included. */
  private Duration left() {
    long each = (System.nanoTime() - began) / (task.state().step() - first);
    return Duration.ofNanos(each * task.stepsLeft());
  }

  @Override
  public void goesOn(Duration allowance) {
    item.lease().progress(allowance);
  }
}
