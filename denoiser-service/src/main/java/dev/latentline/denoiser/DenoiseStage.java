package dev.latentline.denoiser;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Stage;
import dev.latentline.denoiser.network.LoadedModel;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.StepLoop;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.record.Records;
import dev.latentline.kit.record.Requests;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.Denoised;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.proto.v1.RuntimeClass;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/** Denoises one picture: from noise and embeddings to latents. */
@ApplicationScoped
public class DenoiseStage {
  private static final Logger LOG = Logger.getLogger(DenoiseStage.class);

  private final PoolModels models;
  private final TaskPlanner planner;
  private final Payloads payloads;
  private final StageFacts facts;
  private final CancelledGenerations cancelled;
  private final StepProgress progress;
  private final MutinyEmitter<byte[]> denoised;

  DenoiseStage(
      PoolModels models,
      TaskPlanner planner,
      Payloads payloads,
      StageFacts facts,
      CancelledGenerations cancelled,
      StepProgress progress,
      @Channel("latent-denoised") MutinyEmitter<byte[]> denoised) {
    this.models = models;
    this.planner = planner;
    this.payloads = payloads;
    this.facts = facts;
    this.cancelled = cancelled;
    this.progress = progress;
    this.denoised = denoised;
  }

  @Incoming("embedding-ready")
  @Blocking("denoise")
  void denoise(WorkItem item) {
    EmbeddingReady record = parse(item);
    try {
      denoise(item, record);
    } catch (Failure.Rejected e) {
      facts.imageFailed(item, OptionalInt.of(record.getImageIndex()), e);
    }
  }

  private void denoise(WorkItem item, EmbeddingReady record) {
    long began = System.nanoTime();
    LoadedModel model = models.require(record.getRequest().getModel());
    StepTask task = StepTask.start(planner.plan(record, model), model.network()::predict);
    RunStop stop = new RunStop();
    item.lease().onLost(stop::stop);
    StepLoop loop =
        new StepLoop(
            () -> cancelled.contains(item.generationId()),
            step -> {
              item.lease().progress();
              progress.report(item, task.plan(), step);
            });
    if (loop.run(task, stop)) {
      publish(item, record, task);
    }
    LOG.infof(
        "generation=%s image=%d steps=%d/%d %dms",
        item.generationId(),
        record.getImageIndex(),
        task.state().step(),
        task.plan().steps(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
  }

  private void publish(WorkItem item, EmbeddingReady record, StepTask task) {
    GenerationRequest request = record.getRequest();
    RuntimeClass runtime = models.runtimeClass(task.plan().batch());
    LatentDenoised latents =
        LatentDenoised.newBuilder()
            .setRequest(request)
            .setImageIndex(record.getImageIndex())
            .setLatents(payloads.put(request.getTenant(), TensorRecords.toFloat32(task.latents())))
            .setRuntimeClass(runtime)
            .build();
    Records.send(
        denoised, Records.following(Stage.DENOISER, item, task.plan().task().key(), latents));
    facts.publish(
        item,
        GenerationEvent.newBuilder()
            .setDenoised(
                Denoised.newBuilder()
                    .setImageIndex(record.getImageIndex())
                    .setRuntimeClass(runtime)));
  }

  private static EmbeddingReady parse(WorkItem item) {
    EmbeddingReady record;
    try {
      record = EmbeddingReady.parseFrom(item.value());
    } catch (InvalidProtocolBufferException e) {
      throw new Failure.Rejected("unreadable_record", "the value is no EmbeddingReady", e);
    }
    Requests.check(item, record.getRequest(), record.getImageIndex());
    return record;
  }
}
