package dev.latentline.denoiser;

import dev.latentline.denoiser.network.PoolModels;
import dev.latentline.denoiser.task.TaskPlanner;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.kit.payload.Payloads;
import dev.latentline.kit.topics.StartGate;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** What the service is made of. */
@Dependent
class DenoiserSetup {
  /** A catalogue that is wrong stops the start. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  PoolModels models(DenoiserSettings settings) {
    return new PoolModels(
        Catalogue.open(settings.models()),
        settings.pool(),
        SessionSettings.cpu(settings.inference().threads()));
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
  @Readiness
  HealthCheck modelsLoaded(PoolModels models) {
    return () ->
        HealthCheckResponse.named("models loaded").up().withData("models", models.size()).build();
  }
}
