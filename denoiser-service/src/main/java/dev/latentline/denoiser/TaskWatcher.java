package dev.latentline.denoiser;

import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.kit.workqueue.WorkItem;
import java.time.Duration;

/** Tells who must know how far a picture is: its lease, its step records, and who watches. */
final class TaskWatcher implements StepLoop.Watcher {
  private final WorkItem item;
  private final StepTask task;
  private final StepProgress.OfTask progress;
  private final TaskRecords.OfTask records;

  TaskWatcher(
      WorkItem item, StepTask task, StepProgress.OfTask progress, TaskRecords.OfTask records) {
    this.item = item;
    this.task = task;
    this.progress = progress;
    this.records = records;
  }

  @Override
  public void stepped(Duration took) {
    records.stepped(task.state(), took);
    progress.stepped(took);
  }

  @Override
  public boolean movable() {
    return records.movable();
  }

  @Override
  public void goesOn(Duration allowance) {
    item.lease().progress(allowance);
  }
}
