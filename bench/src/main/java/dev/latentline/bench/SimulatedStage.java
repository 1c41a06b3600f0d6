package dev.latentline.bench;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.kit.workqueue.ShareWorker;
import dev.latentline.kit.workqueue.WorkItem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** Replicas of a stage that works at one record at a time, and here waits in place of working. */
final class SimulatedStage implements SimulatedReplicas {
  private static final Duration WORK = Duration.ofMillis(500);

  private final Topic topic;
  private final Stage stage;
  private final RecordQueue queue;
  private final int bytes;
  private final LongAdder done = new LongAdder();
  private final List<ShareWorker> open = new ArrayList<>();

  /**
   * @param bytes of a record
   */
  SimulatedStage(Topic topic, Stage stage, RecordQueue queue, int bytes) {
    this.topic = topic;
    this.stage = stage;
    this.queue = queue;
    this.bytes = bytes;
  }

  @Override
  public Topic topic() {
    return topic;
  }

  @Override
  public double secondsPerUnit() {
    return WORK.toMillis() / 1e3;
  }

  @Override
  public long units() {
    return done.sum();
  }

  @Override
  public int recordsDone() {
    return done.intValue();
  }

  @Override
  public byte[] record(String generationId) {
    return new byte[bytes];
  }

  @Override
  public void add() {
    open.add(
        new ShareWorker(
            queue.settings(topic, stage),
            queue.client(),
            1,
            held -> true,
            WorkItem::attempt,
            id -> false,
            item ->
                CompletableFuture.runAsync(
                    done::increment,
                    CompletableFuture.delayedExecutor(WORK.toMillis(), TimeUnit.MILLISECONDS))));
  }

  @Override
  public void close() {
    open.forEach(ShareWorker::end);
    open.forEach(ShareWorker::close);
  }
}
