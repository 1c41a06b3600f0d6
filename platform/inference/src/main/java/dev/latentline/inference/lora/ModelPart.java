package dev.latentline.inference.lora;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelFile;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.NoRoomException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network of a model, maybe with LoRAs added to its weights. Those of two models are the same
 * when their files are, with the same LoRAs: they can share a session.
 *
 * @param graph path of the network's graph in the model
 * @param loras those that change it
 */
public record ModelPart(ModelCard model, String graph, LoraSet loras) {
  /** Weights that lie in a graph are fp16 or fp32, and are computed with in fp32. */
  private static final int WIDENED = 2;

  /** Up to here a graph with its weights in it is loaded without a look at what is free. */
  private static final long NEEDS_LITTLE_BYTES = 256L << 20;

  /** As the model has it. */
  public static ModelPart of(ModelCard model, String graph) {
    return new ModelPart(model, graph, LoraSet.NONE);
  }

  /**
   * @param loras may have some that leave the part as it is
   */
  public static ModelPart of(ModelCard model, String graph, LoraSet loras) {
    return new ModelPart(model, graph, loras.changing(part(graph)));
  }

  private static String part(String graph) {
    return graph.substring(0, Math.max(0, graph.lastIndexOf('/')));
  }

  /**
   * Those of the parts that are loaded when a service starts: one after the other while there is
   * room, and the first in any case. Each once.
   *
   * @param maxBytes of all together
   * @throws InvalidCatalogueException when their files are not those of their manifests
   */
  public static List<ModelPart> loadedAtStart(List<ModelPart> parts, long maxBytes) {
    List<ModelPart> fitting = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    long taken = 0;
    for (ModelPart part : parts) {
      if (!fitting.contains(part) && (fitting.isEmpty() || taken + part.bytes() <= maxBytes)) {
        fitting.add(part);
        taken += part.bytes();
        problems.addAll(part.problems());
      }
    }
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    return fitting;
  }

  private List<String> problems() {
    return model.verify(model.filesOf(graph));
  }

  /**
   * This part, whose files were just read and held against the manifest: where the model was found,
   * or where it was moved since, because another took its place.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when they are others
   */
  public ModelPart verified() {
    List<String> problems = problems();
    if (problems.isEmpty()) {
      return this;
    }
    ModelPart moved = new ModelPart(model.in(model.retiredFolder()), graph, loras);
    if (Files.isDirectory(moved.model().folder()) && moved.problems().isEmpty()) {
      return moved;
    }
    throw new Failure.Rejected(
        "model_unavailable",
        "The files of the model " + model.name() + " are not those of its manifest: " + problems);
  }

  /** About what a session takes of memory. */
  public long bytes() {
    Optional<Path> weights = model.weightsOf(graph);
    if (weights.isEmpty()) {
      return WIDENED * fileBytes();
    }
    try {
      return ModelSession.bytes(weights.get());
    } catch (IOException e) {
      throw new Failure.Rejected(
          "model_unavailable", "The weights of the model " + model.name() + " cannot be read", e);
    }
  }

  private long fileBytes() {
    return model.filesOf(graph).stream()
        .map(model.files()::get)
        .mapToLong(ModelFile::sizeBytes)
        .sum();
  }

  /** Loads it. Takes longer with LoRAs. */
  public ModelSession open(SessionSettings settings) {
    return open(Map.of(), settings);
  }

  /**
   * Loads it, with its LoRAs added to its weights.
   *
   * @param others weights that are others than the model's for another reason, as {@link
   *     ModelSession#open} takes them
   * @throws Failure.Rejected with code {@code lora_unavailable} when a LoRA's file is not the one
   *     of its manifest, or does not fit
   * @throws Failure.Retryable with code {@code not_enough_room} when there is too little of it for
   *     the sums: another replica may have more
   * @throws dev.latentline.inference.session.GraphFailedException as {@link ModelSession#open}
   */
  public ModelSession open(Map<String, ByteBuffer> others, SessionSettings settings) {
    try {
      Map<String, ByteBuffer> changed = new HashMap<>();
      if (!loras.isEmpty()) {
        changed.putAll(MergedWeights.of(changeable(), part(graph), loras));
      }
      changed.putAll(others);
      if (model.weightsOf(graph).isEmpty() && fileBytes() > NEEDS_LITTLE_BYTES) {
        ModelSession.requireMemory(model.name() + "/" + graph, fileBytes());
      }
      return ModelSession.open(model.file(graph), model.weightsOf(graph), changed, settings);
    } catch (NoRoomException e) {
      throw new Failure.Retryable("not_enough_room", e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path changeable() {
    return model
        .weightsOf(graph)
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "lora_unavailable",
                    "The model " + model.name() + " has its weights in its graphs"));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ModelPart that
        && graph.equals(that.graph)
        && loras.equals(that.loras)
        && model.digestsOf(graph).equals(that.model.digestsOf(that.graph));
  }

  @Override
  public int hashCode() {
    return 31 * model.digestsOf(graph).hashCode() + loras.hashCode();
  }
}
