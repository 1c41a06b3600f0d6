package dev.latentline.prompt;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.kit.topics.StartGate;
import dev.latentline.prompt.read.PromptReader;
import dev.latentline.prompt.tokenize.ModelTokenizers;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the service is made of. */
@Dependent
class PromptSetup {
  /** Loaded before the first record: a catalogue that is wrong stops the start. */
  @Produces
  @Singleton
  @Startup(StartGate.BEFORE)
  ModelTokenizers tokenizers(@ConfigProperty(name = "latentline.models") List<Path> models) {
    return new ModelTokenizers(Catalogue.open(models));
  }

  @Produces
  @Singleton
  PromptReader prompts(ModelTokenizers tokenizers) {
    return new PromptReader(tokenizers);
  }

  void close(@Disposes ModelTokenizers tokenizers) {
    tokenizers.close();
  }
}
