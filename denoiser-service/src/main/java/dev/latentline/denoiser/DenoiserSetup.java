package dev.latentline.denoiser;

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
import dev.latentline.kit.workqueue.Intake;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
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

  /** A catalogue that is wrong, or a device that is not there, stops the start. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  PoolModels models(DenoiserSettings settings, BatchSizes sizes) {
    return new PoolModels(
        Catalogue.open(settings.models()), settings.pool(), session(settings.inference()), sizes);
  }

  private static SessionSettings session(DenoiserSettings.Inference inference) {
    return SessionSettings.of(
        Device.of(inference.device()),
        inference.threads(),
        inference.gpuMemory().map(MemorySize::asLongValue));
  }

  void close(@Disposes PoolModels models) {
    models.close();
  }

  @Produces
  @Singleton
  TaskPlanner planner(Payloads payloads) {
    return new TaskPlanner(payloads::get);
  }

  @Produces
  @Singleton
  StepLoop loop(DenoiserSettings settings, BatchSizes sizes) {
    return new StepLoop(new TurnScheduler(sizes), settings.slots());
  }

  /** A further picture is taken while there is room beside those that are worked at. */
  @Produces
  @Singleton
  @Identifier("embedding-ready")
  Intake intake(StepLoop loop) {
    return held -> loop.hasRoom();
  }

  void close(@Disposes StepLoop loop) {
    loop.close();
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

  @Produces
  @Singleton
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
  HealthCheck stepping(StepLoop loop) {
    return () -> HealthCheckResponse.named("stepping").status(!loop.hangs()).build();
  }

  @Produces
  @Singleton
  @Readiness
  HealthCheck modelsLoaded(PoolModels models) {
    return () ->
        HealthCheckResponse.named("models loaded").up().withData("models", models.size()).build();
  }
}
