package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ManifestProblems;
import dev.latentline.inference.inversion.ExtendedVocabulary;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.SafetensorsWriter.Entry;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.StoredFloats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Makes a textual inversion of the catalogue from one that somebody trained: AUTOMATIC1111's and
 * kohya's {@code emb_params}, the word itself as diffusers names it, or for SDXL {@code clip_l} and
 * {@code clip_g}; vectors by row.
 */
final class TextualInversionImport {
  private static final String WEIGHTS = "textual_inversion.safetensors";

  /** Of SDXL's text encoders, by the tensor. */
  private static final Map<String, String> XL =
      Map.of("clip_l", "text_encoder", "clip_g", "text_encoder_2");

  private final ImportOrder order;
  private final Consumer<String> notes;

  TextualInversionImport(ImportOrder order, Consumer<String> notes) {
    this.order = order;
    this.notes = notes;
  }

  /** Whether a file with such tensors is one: a checkpoint has hundreds. */
  static boolean isOne(Map<String, StoredTensor> tensors) {
    if (tensors.size() == 1) {
      StoredTensor only = tensors.values().iterator().next();
      return only.shape().size() == 1 || only.shape().size() == 2;
    }
    return tensors.keySet().equals(XL.keySet());
  }

  /**
   * @param files whose tensors are a textual inversion's
   * @return the textual inversion's folder
   * @throws RefusedCheckpointException when it is none that can be used
   */
  Path write(CheckpointFiles files) throws IOException {
    if (order.vae().isPresent() || order.prediction().isPresent()) {
      throw new RefusedCheckpointException(
          "it is a textual inversion, which has neither an autoencoder nor a prediction: leave them"
              + " out");
    }
    Placement placement =
        Placement.of(
            order.models().resolve(Catalogue.TEXTUAL_INVERSIONS), order, "a textual inversion");
    placement.requireFree();
    Map<String, StoredTensor> vectors = vectors(files);
    List<Template> fitting =
        Template.in(order.templates()).stream().filter(each -> fits(each, vectors)).toList();
    if (fitting.isEmpty()) {
      throw new RefusedCheckpointException(
          "it is a textual inversion of no family that is known here: its vectors have "
              + String.join(
                  " and ", vectors.values().stream().map(t -> width(t) + " numbers").toList()));
    }
    // its size is known to be a small one now
    for (StoredTensor tensor : vectors.values()) {
      requireNumbers(files, tensor);
    }
    int count = Math.toIntExact(count(vectors.values().iterator().next()));
    requireRoomInMemory(count);
    notes.accept(
        "it is a textual inversion of "
            + Template.familiesOf(fitting)
            + ", "
            + count
            + (count == 1 ? " vector" : " vectors")
            + "; its word is "
            + order.name());
    return placement.make(made -> fill(made, files, vectors, fitting));
  }

  /** By the folder of the text encoder's graph. */
  private Map<String, StoredTensor> vectors(CheckpointFiles files) {
    Map<String, StoredTensor> vectors = new TreeMap<>();
    Set<Long> counts = new TreeSet<>();
    boolean single = files.networkTensors().size() == 1;
    for (StoredTensor tensor : files.networkTensors().values()) {
      vectors.put(single ? "text_encoder" : XL.get(tensor.name()), tensor);
      require(tensor.type().isWeight(), tensor, "is " + tensor.type() + ", not F32, F16 or BF16");
      long count = count(tensor);
      require(
          !tensor.shape().isEmpty()
              && tensor.shape().size() <= 2
              && count >= 1
              && count <= Limits.MAX_INVERSION_VECTORS,
          tensor,
          "is "
              + tensor.shape()
              + ", and should be 1 to "
              + Limits.MAX_INVERSION_VECTORS
              + " vectors");
      counts.add(count);
    }
    if (counts.size() > 1) {
      throw new RefusedCheckpointException(
          "it has not as many vectors for one text encoder as for the other: " + counts);
    }
    return vectors;
  }

  private void requireNumbers(CheckpointFiles files, StoredTensor tensor) throws IOException {
    for (float number : StoredFloats.of(files.map(tensor), tensor.type())) {
      require(Float.isFinite(number), tensor, "holds what is no number");
    }
  }

  private void requireRoomInMemory(int count) {
    int there = Catalogue.vectorsIn(order.models());
    if (there + count > Limits.MAX_CATALOGUE_VECTORS) {
      throw new RefusedCheckpointException(
          "it has "
              + count
              + " vectors, and the textual inversions in "
              + order.models().resolve(Catalogue.TEXTUAL_INVERSIONS)
              + " have "
              + there
              + ": at most "
              + Limits.MAX_CATALOGUE_VECTORS
              + " can be; remove the folders of some");
    }
  }

  private void require(boolean fulfilled, StoredTensor tensor, String otherwise) {
    if (!fulfilled) {
      throw new RefusedCheckpointException(
          order.checkpoint().getFileName()
              + " cannot be used: the tensor "
              + tensor.shown()
              + " "
              + otherwise);
    }
  }

  private static long count(StoredTensor tensor) {
    return tensor.shape().size() < 2 ? 1 : tensor.shape().get(0);
  }

  private static long width(StoredTensor tensor) {
    return tensor.shape().get(tensor.shape().size() - 1);
  }

  /** Whether it has vectors for each text encoder of a family that takes some, and no other. */
  private static boolean fits(Template template, Map<String, StoredTensor> vectors) {
    for (JsonNode encoder : template.manifest().path("text_encoders")) {
      if (!encoder.path("chunks").asBoolean()) {
        return false;
      }
    }
    Map<String, Long> widths = new TreeMap<>();
    template
        .parts()
        .forEach(
            (part, weights) ->
                weights.forEach(
                    (name, place) -> {
                      if (ExtendedVocabulary.isTable(name)) {
                        widths.put(part, place.shape().get(1));
                      }
                    }));
    Map<String, Long> own = new TreeMap<>();
    vectors.forEach((part, tensor) -> own.put(part, width(tensor)));
    return own.equals(widths);
  }

  private List<String> fill(
      Path made, CheckpointFiles files, Map<String, StoredTensor> vectors, List<Template> fitting)
      throws IOException {
    Map<String, StoredTensor> sources = new TreeMap<>();
    List<Entry> entries = new ArrayList<>();
    vectors.forEach(
        (part, tensor) -> {
          String name = part + ExtendedVocabulary.VECTORS;
          sources.put(name, tensor);
          entries.add(new Entry(name, tensor.type(), List.of(count(tensor), width(tensor))));
        });
    WrittenFolder folder = new WrittenFolder(made);
    folder.requireRoom("the textual inversion", SafetensorsWriter.size(entries) + 1024 * 1024);
    folder.write(
        WEIGHTS,
        out -> SafetensorsWriter.write(out, entries, e -> files.map(sources.get(e.name()))));
    ObjectNode manifest = JsonNodeFactory.instance.objectNode();
    manifest.put("schema", 1);
    manifest.put("name", order.name());
    fitting.stream().map(Template::family).distinct().forEach(manifest.putArray("families")::add);
    manifest.put("vectors", count(vectors.values().iterator().next()));
    manifest.put(
        "description",
        "Textual inversion, imported from "
            + CheckpointImport.line(order.checkpoint().getFileName().toString()));
    manifest.put("licence", CheckpointImport.licence(order, files));
    manifest.put("created", CheckpointImport.created(files, fitting.get(0)).toString());
    manifest.put("weights", WEIGHTS);
    folder.writeManifest(manifest);
    return ManifestProblems.ofTextualInversion(made);
  }
}
