package dev.latentline.encoder;

import dev.latentline.encoder.picture.InputPictures;
import dev.latentline.encoder.picture.MaskedPictures;
import dev.latentline.encoder.picture.PromptPictures;
import dev.latentline.encoder.text.ModelTextEncoders;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.kit.topics.PoolNames;
import dev.latentline.kit.topics.StartGate;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** What the service is made of. */
@Dependent
class EncoderSetup {
  @Produces
  @Singleton
  Catalogue catalogue(EncoderSettings settings) {
    return Catalogue.open(settings.models());
  }

  /** Any pool may come. */
  @Produces
  @Singleton
  PoolNames pools(Catalogue catalogue) {
    return () -> catalogue.pools().keySet();
  }

  /**
   * Loaded before the first record: a catalogue that is wrong, or a device that is not there, stops
   * the start.
   */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  ModelTextEncoders encoders(Catalogue catalogue, EncoderSettings settings) {
    EncoderSettings.Inference inference = settings.inference();
    return new ModelTextEncoders(
        catalogue,
        sessions(inference),
        inference.embeddingCache().asLongValue(),
        inference.modelMemory().asLongValue());
  }

  private static SessionSettings sessions(EncoderSettings.Inference inference) {
    return SessionSettings.of(
        Device.of(inference.device()),
        inference.threads(),
        inference.gpuMemory().map(MemorySize::asLongValue));
  }

  @Produces
  @Singleton
  MaskedPictures pictures(Catalogue catalogue, EncoderSettings settings) {
    return new MaskedPictures(catalogue, sessions(settings.inference()));
  }

  @Produces
  @Singleton
  PromptPictures prompts(InputPictures inputs, Catalogue catalogue, EncoderSettings settings) {
    EncoderSettings.Inference inference = settings.inference();
    return new PromptPictures(
        inputs, catalogue, sessions(inference), inference.modelMemory().asLongValue());
  }

  void close(@Disposes ModelTextEncoders encoders) {
    encoders.close();
  }

  void close(@Disposes PromptPictures prompts) {
    prompts.close();
  }
}
