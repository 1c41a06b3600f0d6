package dev.latentline.bench;

import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.network.PoolModel;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.workqueue.HandOverException;
import dev.latentline.kit.workqueue.ShareWorker;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.Payload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Replicas of the denoiser, as many as wanted in this process: each has the work queue's members,
 * the step loop, samplers and records of a real one, but a network that waits in place of
 * computing. Their step records lie in a map in place of the store.
 */
final class SimulatedDenoisers implements SimulatedReplicas {
  private static final int STEPS = 20;
  static final int SLOTS = 8;
  private static final Duration STEP = Duration.ofMillis(100);

  private final PoolModel model;
  private final RecordQueue queue;
  private final TaskPlanner planner = new TaskPlanner((tenant, payload) -> payload.getInline());
  private final Map<ImageTask, SamplerState> records = new ConcurrentHashMap<>();
  private final LongAdder steps = new LongAdder();
  private final LongAdder pictures = new LongAdder();
  private final List<ShareWorker> workers = new ArrayList<>();
  private final List<StepLoop> loops = new ArrayList<>();

  SimulatedDenoisers(PoolModel model, RecordQueue queue) {
    this.model = model;
    this.queue = queue;
  }

  @Override
  public Topic topic() {
    return Topic.EMBEDDING_READY;
  }

  @Override
  public double secondsPerUnit() {
    return STEP.toMillis() / 1e3;
  }

  @Override
  public long units() {
    return steps.sum();
  }

  @Override
  public int recordsDone() {
    return pictures.intValue();
  }

  @Override
  public byte[] record(String generationId) {
    return Requests.embedding(model.card(), generationId, STEPS).toByteArray();
  }

  @Override
  public void add() {
    StepLoop loop = new StepLoop(new TurnScheduler(BatchSizes.none()), SLOTS);
    loops.add(loop);
    workers.add(
        new ShareWorker(
            queue.settings(topic(), Stage.DENOISER),
            queue.client(),
            SLOTS,
            held -> loop.hasRoom(),
            WorkItem::attempt,
            id -> false,
            item -> {
              CompletableFuture<Void> done = new CompletableFuture<>();
              new Thread(() -> denoise(item, loop, done), "denoise").start();
              return done;
            }));
  }

  private void denoise(WorkItem item, StepLoop loop, CompletableFuture<Void> done) {
    try {
      EmbeddingReady record = EmbeddingReady.parseFrom(item.value());
      TaskPlan plan = planner.plan(record, model);
      SamplerState found =
          item.headers().containsKey(HeaderNames.ATTEMPTS) ? records.get(plan.task()) : null;
      StepTask task = found == null ? StepTask.start(plan) : StepTask.resume(plan, found);
      RunStop stop = new RunStop();
      item.lease().onLost(stop::stop);
      StepLoop.End end =
          loop.run(
              new StepLoop.Work(
                  item.key(),
                  task,
                  this::predict,
                  record.getRequest().getAcceptedAtMs(),
                  item.lastAttempt(),
                  stop,
                  () -> false,
                  item.lease()::onEnding,
                  new KeepsLease(item)));
      if (end == StepLoop.End.HANDED_OVER) {
        records.put(plan.task(), task.state());
        throw new HandOverException("another replica may go on");
      }
      if (end == StepLoop.End.DONE) {
        records.remove(plan.task());
        queue.send(
            Topic.LATENT_DENOISED.topicName(),
            Stage.DENOISER,
            item.generationId(),
            plan.task().key(),
            LatentDenoised.newBuilder()
                .setRequest(record.getRequest())
                .setLatents(Payload.newBuilder().setInline(TensorRecords.toFloat32(task.latents())))
                .build()
                .toByteArray());
      }
      pictures.increment();
      done.complete(null);
    } catch (Exception e) {
      done.completeExceptionally(e);
    }
  }

  private List<float[]> predict(List<NetworkCall> calls, RunStop stop) {
    Replicas.pause(STEP);
    steps.increment();
    return calls.stream().map(call -> new float[call.rows() * call.input().data().length]).toList();
  }

  @Override
  public void close() {
    workers.forEach(ShareWorker::end);
    workers.forEach(ShareWorker::close);
    loops.forEach(StepLoop::close);
  }

  private record KeepsLease(WorkItem item) implements StepLoop.Watcher {
    @Override
    public void stepped(Duration took) {}

    @Override
    public void goesOn(Duration allowance) {
      item.lease().progress(allowance);
    }
  }
}
