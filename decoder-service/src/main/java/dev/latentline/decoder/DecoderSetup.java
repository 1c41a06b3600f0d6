package dev.latentline.decoder;

import dev.latentline.decoder.decode.LatentDecoders;
import dev.latentline.decoder.picture.PictureStore;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.kit.topics.StartGate;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** What the service is made of. */
@Dependent
class DecoderSetup {
  /** A catalogue that is wrong, or a device that is not there, stops the start. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  LatentDecoders decoders(DecoderSettings settings) {
    DecoderSettings.Inference inference = settings.inference();
    return new LatentDecoders(
        Catalogue.open(settings.models()),
        SessionSettings.of(
            Device.of(inference.device()),
            inference.threads(),
            inference.gpuMemory().map(MemorySize::asLongValue)),
        settings.decode().wholeLatents(),
        settings.decode().tileLatents());
  }

  void close(@Disposes LatentDecoders decoders) {
    decoders.close();
  }

  @Produces
  @Singleton
  PictureStore pictures(BlobStore store) {
    return new PictureStore(store);
  }

  @Produces
  @Singleton
  @Readiness
  HealthCheck modelsLoaded(LatentDecoders decoders) {
    return () ->
        HealthCheckResponse.named("models loaded").up().withData("models", decoders.size()).build();
  }
}
