package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ManifestProblems;
import dev.latentline.inference.checkpoint.LoraFit.Change;
import dev.latentline.inference.lora.LoraWeights;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.SafetensorsWriter.Entry;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.safetensors.StoredType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Makes a LoRA of the catalogue from one that somebody trained. */
final class LoraImport {
  private static final String WEIGHTS = "lora.safetensors";

  private final ImportOrder order;
  private final Consumer<String> notes;

  LoraImport(ImportOrder order, Consumer<String> notes) {
    this.order = order;
    this.notes = notes;
  }

  /**
   * @param files whose tensors are a LoRA's
   * @return the LoRA's folder
   * @throws RefusedCheckpointException when it is none that can be used, or there is no room for it
   */
  Path write(CheckpointFiles files) throws IOException {
    if (order.vae().isPresent() || order.prediction().isPresent()) {
      throw new RefusedCheckpointException(
          "it is a LoRA, which has neither an autoencoder nor a prediction: leave them out");
    }
    Placement placement = Placement.of(order.models().resolve(Catalogue.LORAS), order, "a LoRA");
    placement.requireFree();
    List<LoraFit> fits = recognise(files);
    LoraFit fit = fits.get(0);
    notes.accept(
        "it is a LoRA of "
            + Template.familiesOf(fits.stream().map(LoraFit::template).toList())
            + ", "
            + fit.changes().size()
            + " weights");
    if (fit.unread() > 0) {
      notes.accept(fit.unread() + " layers are left out: no model of the family reads them");
    }
    List<String> families = fits.stream().map(f -> f.template().family()).distinct().toList();
    return placement.make(made -> fill(made, files, fit, families));
  }

  private List<LoraFit> recognise(CheckpointFiles files) throws IOException {
    String name = String.valueOf(order.checkpoint().getFileName());
    LoraTensors tensors = LoraTensors.of(name, files.networkTensors());
    List<LoraFit> fits = new ArrayList<>();
    for (Template template : Template.in(order.templates())) {
      LoraFit fit = LoraFit.of(template, tensors);
      // CLIP is the same in many families: a LoRA of nothing else is of those that it is more to.
      // Refiners have XL's, and LoRAs are not made for them
      if ((template.network().equals("unet") || fit.isOfNetwork()) && !template.isOfRefiners()) {
        fits.add(fit);
      }
    }
    LoraFit nearest =
        fits.stream()
            .max(Comparator.comparingInt(fit -> fit.changes().size()))
            .orElseThrow(
                () ->
                    new RefusedCheckpointException(
                        "there are no graph templates in " + order.templates()));
    if (nearest.changes().isEmpty() && nearest.misshapen().isEmpty()) {
      throw new RefusedCheckpointException(
          name + " is a LoRA of no family that is known here: " + nearest.problems());
    }
    List<LoraFit> complete = fits.stream().filter(LoraFit::isComplete).toList();
    if (complete.isEmpty()) {
      throw new RefusedCheckpointException(
          name
              + " looks like a LoRA of "
              + nearest.template().title()
              + ", but "
              + nearest.problems());
    }
    return complete;
  }

  private List<String> fill(Path made, CheckpointFiles files, LoraFit fit, List<String> families)
      throws IOException {
    Map<String, Source> sources = new HashMap<>();
    List<Entry> entries = new ArrayList<>();
    LoraScales scales = new LoraScales(files);
    for (Change change : fit.changes()) {
      String stem = change.target().part() + "/" + change.target().weight();
      long rank = change.rank();
      float scale = scales.of(change.layer(), change.target(), rank);
      add(entries, sources, stem + LoraWeights.SCALE, StoredType.F32, List.of(1L), () -> of(scale));
      StoredTensor up = change.layer().up;
      List<Long> upShape = List.of(change.target().shape().get(0), rank);
      add(entries, sources, stem + LoraWeights.UP, up.type(), upShape, () -> change.up(files));
      StoredTensor down = change.layer().down;
      StoredType type = change.layer().mid == null ? down.type() : StoredType.F32;
      List<Long> downShape = List.of(rank, change.columns());
      add(entries, sources, stem + LoraWeights.DOWN, type, downShape, () -> change.down(files));
    }
    WrittenFolder folder = new WrittenFolder(made);
    folder.requireRoom("the LoRA", SafetensorsWriter.size(entries) + 1024 * 1024);
    folder.write(
        WEIGHTS, out -> SafetensorsWriter.write(out, entries, e -> sources.get(e.name()).bytes()));
    folder.writeManifest(manifest(files, fit, families));
    return ManifestProblems.ofLora(made);
  }

  @FunctionalInterface
  private interface Source {
    ByteBuffer bytes() throws IOException;
  }

  private static void add(
      List<Entry> entries,
      Map<String, Source> sources,
      String name,
      StoredType type,
      List<Long> shape,
      Source source) {
    entries.add(new Entry(name, type, shape));
    sources.put(name, source);
  }

  private static ByteBuffer of(float value) {
    return ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).flip();
  }

  /** The same for the same file on every machine, so that its digest is, too. */
  private ObjectNode manifest(CheckpointFiles files, LoraFit fit, List<String> families) {
    ObjectNode manifest = JsonNodeFactory.instance.objectNode();
    manifest.put("schema", 1);
    manifest.put("name", order.name());
    families.forEach(manifest.putArray("families")::add);
    fit.changes().stream()
        .map(change -> change.target().part())
        .distinct()
        .sorted()
        .forEach(manifest.putArray("parts")::add);
    manifest.put(
        "description",
        "LoRA, imported from "
            + CheckpointImport.line(order.checkpoint().getFileName().toString()));
    manifest.put("licence", CheckpointImport.licence(order, files));
    manifest.put("created", CheckpointImport.created(files, fit.template()).toString());
    manifest.put("weights", WEIGHTS);
    return manifest;
  }
}
