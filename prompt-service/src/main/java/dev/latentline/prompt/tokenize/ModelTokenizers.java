package dev.latentline.prompt.tokenize;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tokenizers of every model of the catalogue, verified and loaded. Thread-safe. */
public final class ModelTokenizers implements AutoCloseable {
  private final Catalogue catalogue;
  private final Map<String, List<TextTokenizer>> byDigest = new HashMap<>();

  /**
   * @throws InvalidCatalogueException when a tokenizer's file is not the one of its manifest
   */
  public ModelTokenizers(Catalogue catalogue) {
    this.catalogue = catalogue;
    List<String> problems = new ArrayList<>();
    for (ModelCard model : catalogue.models()) {
      problems.addAll(
          model.verify(model.textEncoders().stream().map(TextEncoder::tokenizer).toList()));
    }
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    for (ModelCard model : catalogue.models()) {
      byDigest.put(
          model.digest(),
          model.textEncoders().stream()
              .map(
                  encoder ->
                      TextTokenizer.open(model.file(encoder.tokenizer()), encoder.maxTokens()))
              .toList());
    }
  }

  /**
   * The ids of a text for each text encoder of a model, in the manifest's order.
   *
   * @throws dev.latentline.contract.Failure.Rejected with code {@code model_unavailable} when this
   *     installation does not have the model in that version
   */
  public List<TokenIds> encode(ModelRef model, String text) {
    return byDigest.get(catalogue.require(model).digest()).stream()
        .map(tokenizer -> tokenizer.encode(text))
        .toList();
  }

  @Override
  public void close() {
    byDigest.values().forEach(tokenizers -> tokenizers.forEach(TextTokenizer::close));
  }
}
