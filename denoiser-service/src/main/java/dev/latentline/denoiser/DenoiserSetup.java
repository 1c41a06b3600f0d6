package dev.latentline.denoiser;

import dev.latentline.denoiser.loop.Devices;
import dev.latentline.denoiser.loop.HeapBudget;
import dev.latentline.denoiser.loop.StepLoop;
import dev.latentline.denoiser.loop.TurnScheduler;
import dev.latentline.denoiser.network.BatchSizes;
import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.resume.BegunAttempts;
import dev.latentline.denoiser.resume.StepRecords;
import dev.latentline.denoiser.resume.StepWriter;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.topics.StartGate;
import dev.latentline.kit.vital.Vital;
import dev.latentline.kit.workqueue.Intake;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** What the service is made of. */
@Dependent
class DenoiserSetup {
  @Produces
  @Singleton
  BatchSizes sizes(DenoiserSettings settings) {
    return settings.inference().batchSizes().map(BatchSizes::of).orElseGet(BatchSizes::none);
  }

  /**
   * A catalogue that is wrong, a device that is not there or too small, or too few slots stop the
   * start.
   */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  Devices devices(DenoiserSettings settings, BatchSizes sizes) {
    DenoiserSettings.Inference inference = settings.inference();
    List<Device> devices = Device.listOf(inference.device());
    int slotsOfEach = Slots.ofEachDevice(settings.slots(), devices.size(), sizes);
    Catalogue catalogue = Catalogue.open(settings.models());
    long maxBytes = inference.modelMemory().asLongValue();
    return new Devices(
        devices.stream()
            .map(device -> session(device, inference))
            .map(session -> new PoolModels(catalogue, settings.pool(), session, sizes, maxBytes))
            .map(
                models ->
                    new Devices.OnDevice(
                        models, new StepLoop(new TurnScheduler(models.sizes()), slotsOfEach)))
            .toList());
  }

  private static SessionSettings session(Device device, DenoiserSettings.Inference inference) {
    return SessionSettings.of(
        device, inference.threads(), inference.gpuMemory().map(MemorySize::asLongValue));
  }

  void close(@Disposes Devices devices) {
    devices.close();
  }

  /** Of the whole process: its devices share the heap. */
  @Produces
  @Singleton
  HeapBudget heap() {
    return HeapBudget.ofHeap(Runtime.getRuntime().maxMemory());
  }

  @Produces
  @Singleton
  TaskPlanner planner(Payloads payloads) {
    return new TaskPlanner(payloads::get);
  }

  /**
   * A further picture is taken while there is room beside those that are worked at, and none waits
   * for memory, which another replica may have.
   */
  @Produces
  @Singleton
  @Identifier("embedding-ready")
  Intake intake(Devices devices, HeapBudget heap) {
    return held -> devices.hasRoom() && !heap.isAwaited();
  }

  @Produces
  @Singleton
  StepRecords records(BlobStore store) {
    return new StepRecords(store);
  }

  @Produces
  @Singleton
  BegunAttempts begun(BlobStore store) {
    return new BegunAttempts(store);
  }

  /** From the start on, so that its first record is written as quickly as later ones. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  StepWriter writer(StepRecords records) {
    return new StepWriter(records);
  }

  void close(@Disposes StepWriter writer) {
    writer.close();
  }

  /** A replica whose step never ends is of no use any more: its records are others' by then. */
  @Produces
  @Singleton
  @Liveness
  HealthCheck stepping(Devices devices) {
    return () -> HealthCheckResponse.named("stepping").status(!devices.hangs()).build();
  }

  @Produces
  @Singleton
  Vital steps(Devices devices) {
    return new Vital() {
      @Override
      public String name() {
        return "stepping";
      }

      @Override
      public boolean hangs() {
        return devices.hangs();
      }
    };
  }

  @Produces
  @Singleton
  @Readiness
  HealthCheck modelsLoaded(Devices devices) {
    return () ->
        HealthCheckResponse.named("models")
            .up()
            .withData("models", devices.models())
            .withData("loaded", devices.loaded())
            .build();
  }
}
