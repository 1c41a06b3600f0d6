package dev.latentline.decoder;

import dev.latentline.contract.SafetyMode;
import dev.latentline.decoder.decode.LatentDecoders;
import dev.latentline.decoder.picture.PictureStore;
import dev.latentline.decoder.safety.OnnxSafetyChecker;
import dev.latentline.decoder.safety.SafetyChecker;
import dev.latentline.decoder.safety.SafetyRule;
import dev.latentline.decoder.upscale.Upscalers;
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
import java.util.Optional;
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
  Catalogue catalogue(DecoderSettings settings) {
    return Catalogue.open(settings.models());
  }

  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  LatentDecoders decoders(Catalogue catalogue, DecoderSettings settings) {
    return new LatentDecoders(
        catalogue,
        sessions(settings),
        settings.inference().modelMemory().asLongValue(),
        settings.decode().wholeLatents(),
        settings.decode().tileLatents());
  }

  void close(@Disposes LatentDecoders decoders) {
    decoders.close();
  }

  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  Upscalers upscalers(Catalogue catalogue, DecoderSettings settings) {
    return new Upscalers(catalogue, sessions(settings));
  }

  void close(@Disposes Upscalers upscalers) {
    upscalers.close();
  }

  /** A checker is loaded only where pictures are checked. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  SafetyRule safetyRule(Catalogue catalogue, DecoderSettings settings) {
    Optional<SafetyChecker> checker =
        catalogue
            .safetyChecker()
            .filter(card -> settings.safety() != SafetyMode.OFF)
            .map(card -> new OnnxSafetyChecker(card, sessions(settings)));
    return new SafetyRule(settings.safety(), settings.safetyThreshold(), checker);
  }

  void close(@Disposes SafetyRule rule) {
    rule.close();
  }

  private static SessionSettings sessions(DecoderSettings settings) {
    DecoderSettings.Inference inference = settings.inference();
    return SessionSettings.of(
        Device.of(inference.device()),
        inference.threads(),
        inference.gpuMemory().map(MemorySize::asLongValue));
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
        HealthCheckResponse.named("models")
            .up()
            .withData("models", decoders.size())
            .withData("loaded", decoders.loaded())
            .build();
  }
}
