package dev.latentline.denoiser;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.HeapBudget;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.network.HeldNetwork;
import dev.latentline.denoiser.task.PlanMemory;
import dev.latentline.denoiser.task.StepTask;
import dev.latentline.denoiser.task.TaskPlan;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.session.RunStop;
import dev.latentline.kit.control.CancelledGenerations;
import dev.latentline.kit.record.Requests;
import dev.latentline.kit.record.StageFacts;
import dev.latentline.kit.workqueue.HandOverException;
import dev.latentline.kit.workqueue.Outages;
import dev.latentline.kit.workqueue.QueueSettings;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.RuntimeClass;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;

/**
 * Denoises one picture: from noise and embeddings to latents. The records that this replica holds
 * are here side by side, each on a thread of its own that waits for the step loop.
 */
@ApplicationScoped
public class DenoiseStage {
  private static final Logger LOG = Logger.getLogger(DenoiseStage.class);

  /** A network is loaded within; the next word comes with the first step. */
  private static final Duration LOADING = Duration.ofMinutes(15);

  private static final long MEGABYTE = 1_000_000;

  private final Devices devices;
  private final HeapBudget heap;
  private final TaskPlanner planner;
  private final TaskRecords records;
  private final LatentPublisher publisher;
  private final StageFacts facts;
  private final CancelledGenerations cancelled;
  private final StepProgress progress;

  DenoiseStage(
      Devices devices,
      HeapBudget heap,
      TaskPlanner planner,
      TaskRecords records,
      LatentPublisher publisher,
      StageFacts facts,
      CancelledGenerations cancelled,
      StepProgress progress) {
    this.devices = devices;
    this.heap = heap;
    this.planner = planner;
    this.records = records;
    this.publisher = publisher;
    this.facts = facts;
    this.cancelled = cancelled;
    this.progress = progress;
  }

  @Incoming("embedding-ready")
  @Blocking(value = "denoise", ordered = false)
  void denoise(WorkItem item) {
    EmbeddingReady record = parse(item);
    try (Devices.Place place = devices.take()) {
      denoise(item, record, place.device());
    } catch (Failure.Rejected e) {
      facts.imageFailed(item, OptionalInt.of(record.getImageIndex()), e);
    }
  }

  private void denoise(WorkItem item, EmbeddingReady record, Devices.OnDevice device) {
    if (item.lastAttempt() && !device.loop().keepFor(item.key())) {
      throw new HandOverException("this replica is kept for another picture");
    }
    try {
      // whatever fails or ends the process from here on is an attempt of this picture's
      records.begin(item, record);
      PinnedModels models = PinnedModels.of(device.models(), record.getRequest());
      PlanMemory memory = planner.memory(record, models.model(), models.refiner());
      AtomicBoolean ending = new AtomicBoolean();
      item.lease().onEnding(() -> ending.set(true));
      // also where it finds no room yet: nobody else could use it
      device.loop().came(item.key());
      Optional<HeapBudget.Reservation> room = room(item, memory.planning(), ending);
      if (room.isEmpty()) {
        leave(item);
        return;
      }
      try (HeapBudget.Reservation reserved = room.get()) {
        TaskPlan plan = planner.plan(record, models.model(), models.refiner());
        reserved.reduceTo(memory.held());
        denoise(item, record, device, models, plan, ending);
      }
    } finally {
      device.loop().release(item.key());
    }
  }

  /** Room in the heap, before anything of the picture is read; empty when it is not for here. */
  private Optional<HeapBudget.Reservation> room(WorkItem item, long bytes, AtomicBoolean ending) {
    AtomicBoolean told = new AtomicBoolean();
    return heap.reserve(
        bytes,
        () -> {
          if (told.compareAndSet(false, true)) {
            LOG.infof(
                "generation=%s key=%s waits for %d MB of memory, %d MB are taken",
                item.generationId(), item.key(), bytes / MEGABYTE, heap.reserved() / MEGABYTE);
          }
          item.lease().progress();
          // what hangs gives nothing back
          return !ending.get() && !isUnwanted(item) && !devices.hangs();
        });
  }

  private boolean isUnwanted(WorkItem item) {
    return item.lease().lost() || cancelled.contains(item.generationId());
  }

  /** Has not begun. */
  private void leave(WorkItem item) {
    if (!isUnwanted(item)) {
      throw new HandOverException("there was no room in this replica's memory");
    }
  }

  private void denoise(
      WorkItem item,
      EmbeddingReady record,
      Devices.OnDevice device,
      PinnedModels models,
      TaskPlan plan,
      AtomicBoolean ending) {
    RuntimeClass runtime = device.models().runtimeClass(plan.rows(), plan.deterministic());
    TaskRecords.OfTask ofTask =
        records.of(item, record.getRequest(), plan, models.model().card().digest(), runtime);
    StepTask task = ofTask.start();
    // a replica that has no company looks again and again whether there is one to help
    LOG.logf(
        task.state().step() > 0 ? Logger.Level.INFO : Logger.Level.DEBUG,
        "generation=%s image=%d attempt=%d begins at step %d/%d",
        item.generationId(),
        record.getImageIndex(),
        item.attempt(),
        task.state().step(),
        plan.steps());
    long began = System.nanoTime();
    TaskWatcher watcher =
        new TaskWatcher(item, task, progress.of(item, models.model().card(), task), ofTask);
    RunStop stop = new RunStop();
    item.lease().onLost(stop::stop);
    StepLoop.End end;
    boolean staysHere;
    boolean goesToTheRefiner;
    do {
      end = makeSteps(item, record.getRequest(), device, models, watcher, task, stop, ending);
      // what comes now waits for broker and store, which may take longer than a step
      item.lease().progress(QueueSettings.DEFAULT_STALL_LIMIT);
      staysHere =
          end == StepLoop.End.HANDED_OVER
              && !ofTask.handOver()
              && !ending.get()
              && device.loop().isOpen();
      goesToTheRefiner = end == StepLoop.End.DONE && !task.done();
    } while (staysHere || goesToTheRefiner);
    LOG.logf(
        end == StepLoop.End.HANDED_OVER ? Logger.Level.DEBUG : Logger.Level.INFO,
        "generation=%s image=%d attempt=%d %s at step %d/%d %dms",
        item.generationId(),
        record.getImageIndex(),
        item.attempt(),
        end.name().toLowerCase(Locale.ROOT),
        task.state().step(),
        plan.steps(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    switch (end) {
      case DONE -> {
        ofTask.done();
        // all steps would be made anew, and where only the fact cannot be told the picture decoded
        Outages.waitOut(item, () -> publisher.passOn(item, record, task, runtime));
        Outages.waitOut(item, () -> publisher.tell(item, record, runtime));
      }
      case STOPPED -> ofTask.stopped();
      case HANDED_OVER -> throw new HandOverException("another replica may go on");
    }
  }

  /** Those of one network, which may have to be loaded. */
  private StepLoop.End makeSteps(
      WorkItem item,
      GenerationRequest request,
      Devices.OnDevice device,
      PinnedModels models,
      TaskWatcher watcher,
      StepTask task,
      RunStop stop,
      AtomicBoolean ending) {
    BooleanSupplier unwanted = () -> cancelled.contains(item.generationId());
    watcher.goesOn(LOADING);
    Optional<HeldNetwork> held =
        models.network(
            task,
            request,
            () -> {
              watcher.goesOn(LOADING);
              return !ending.get() && !stop.stopped() && !unwanted.getAsBoolean();
            });
    if (held.isEmpty()) {
      return ending.get() ? StepLoop.End.HANDED_OVER : StepLoop.End.STOPPED;
    }
    try (HeldNetwork network = held.get()) {
      return device
          .loop()
          .run(
              new StepLoop.Work(
                  item.key(),
                  task,
                  network.network(),
                  request.getAcceptedAtMs(),
                  item.lastAttempt(),
                  stop,
                  unwanted,
                  item.lease()::onEnding,
                  watcher));
    }
  }

  static EmbeddingReady parse(WorkItem item) {
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
