package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ManifestProblems;
import dev.latentline.inference.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes a ControlNet of the catalogue from one of a U-Net (Zhang et al. 2023, arXiv:2302.05543), in
 * the original layout ({@code control_model.zero_convs.0.0}, or without the prefix) or as diffusers
 * writes it ({@code controlnet_down_blocks.0}).
 */
final class ControlNetImport {
  /** Its outputs, which no other network has. */
  private static final String OUTPUTS =
      "(control_model\\.)?zero_convs\\.\\d+\\..*|controlnet_down_blocks\\.\\d+\\..*";

  /** Behind it the original files may have the model that it was trained with. */
  private static final String PREFIX = "control_model.";

  /**
   * Settings that are of no matter: tensors tell of the first, training was done with the next two,
   * and the last says how exactly it multiplies, which it does in fp32 here.
   */
  private static final Set<String> OPEN =
      Set.of("transformer_layers_per_block", "dropout", "sample_size", "upcast_attention");

  private static final String CONFIG = "config.json";
  private static final String CLASS = "ControlNetModel";

  /** Where it averages its answers over the picture, which no tensor tells. */
  private static final String POOLED_BY_NAME = "shuffle";

  /** What else such files can be, by a part of a tensor's name. */
  private static final Map<String, String> KINDS =
      Map.of(
          "lora_controlnet",
          "a Control-LoRA, which is a difference to the U-Net of one model",
          "difference",
          "a ControlNet as a difference to the U-Net of one model",
          "task_embedding",
          "a union ControlNet, which is told what kind of picture it follows",
          "control_add_embedding.linear_1.weight",
          "a union ControlNet, which is told what kind of picture it follows");

  private static final String WHOLE =
      ": one that is whole and of one kind of picture can be imported";

  private final ImportOrder order;
  private final Consumer<String> notes;

  ControlNetImport(ImportOrder order, Consumer<String> notes) {
    this.order = order;
    this.notes = notes;
  }

  /** Whether a file with such tensors is one, of whatever U-Net. */
  static boolean isOne(Map<String, StoredTensor> tensors) {
    return tensors.keySet().stream().anyMatch(name -> name.matches(OUTPUTS));
  }

  /**
   * @param files whose tensors are such a ControlNet's
   * @return the ControlNet's folder
   * @throws RefusedCheckpointException when it is none that can be used, or there is no room for it
   */
  Path write(CheckpointFiles files) throws IOException {
    if (order.vae().isPresent() || order.prediction().isPresent()) {
      throw new RefusedCheckpointException(
          "it is a ControlNet, which has neither an autoencoder nor a prediction: leave them out");
    }
    Placement placement =
        Placement.of(order.models().resolve(Catalogue.CONTROLNETS), order, "a ControlNet");
    placement.requireFree();
    Optional<ObjectNode> config = files.json(CONFIG);
    requireKind(files, config);
    Fit fit = recognise(files);
    if (config.isPresent()) {
      requireSettings(config.get(), fit.template());
    }
    notes.accept("it is a " + fit.template().title());
    return placement.make(
        made -> {
          ModelFolder folder = new ModelFolder(made, fit, Map.of());
          folder.requireRoom("the ControlNet");
          folder.write(CheckpointImport.manifest(order, files, fit.template()), notes);
          return ManifestProblems.ofControlNet(made);
        });
  }

  private void requireKind(CheckpointFiles files, Optional<ObjectNode> config) {
    for (Map.Entry<String, String> kind : KINDS.entrySet()) {
      if (files.networkTensors().containsKey(kind.getKey())) {
        throw new RefusedCheckpointException(name() + " is " + kind.getValue() + WHOLE);
      }
    }
    String stated = config.map(json -> json.path("_class_name").asText(CLASS)).orElse(CLASS);
    if (!stated.equals(CLASS)) {
      throw new RefusedCheckpointException(
          name()
              + " is of diffusers' class "
              + CheckpointImport.line(stated)
              + ", and not of "
              + CLASS
              + WHOLE);
    }
    if (config.isEmpty() && name().toLowerCase(Locale.ROOT).contains(POOLED_BY_NAME)) {
      throw new RefusedCheckpointException(
          name()
              + " is by its name a ControlNet that averages what it answers over the picture"
              + " (global_pool_conditions), which is not computed here: rename it if it is none");
    }
  }

  private Fit recognise(CheckpointFiles files) throws IOException {
    List<Path> folders =
        order.templates().stream()
            .map(folder -> folder.resolve(Catalogue.CONTROLNETS))
            .filter(Files::isDirectory)
            .toList();
    List<Fit> fits =
        Template.in(folders).stream().map(template -> Fit.of(template, files)).toList();
    // the small ones have nothing that the larger do not have too
    Optional<Fit> most =
        fits.stream()
            .max(Comparator.comparingInt(Fit::networkWeights).thenComparing(Fit::isComplete));
    if (most.isPresent() && most.get().isComplete()) {
      most.get().requireNothingMore(name(), most.get().unread(files, PREFIX));
      return most.get();
    }
    Fit nearest =
        most.filter(Fit::isLikely)
            .orElseThrow(
                () ->
                    new RefusedCheckpointException(
                        name()
                            + " is a ControlNet of a U-Net that there is no graph template for ("
                            + String.join(
                                "; ", fits.stream().map(fit -> fit.template().title()).toList())
                            + "); models/export makes one of another configuration"));
    throw new RefusedCheckpointException(
        name() + " looks like a " + nearest.template().title() + ", but " + nearest.problems());
  }

  /** What tensors do not tell: settings of diffusers' class that make it compute something else. */
  private void requireSettings(JsonNode config, Template template) throws IOException {
    JsonNode computed = template.settings();
    for (Map.Entry<String, JsonNode> setting : config.properties()) {
      String name = setting.getKey();
      // names and versions begin so
      boolean counts = !name.startsWith("_") && !OPEN.contains(name);
      if (counts && !isSame(setting.getValue(), computed.path(name))) {
        throw new RefusedCheckpointException(
            name()
                + " has "
                + CheckpointImport.line(name)
                + " "
                + setting.getValue()
                + " in its "
                + CONFIG
                + ", and what is computed of a "
                + template.title()
                + " has "
                + (computed.has(name) ? computed.path(name) : "no such setting"));
      }
    }
  }

  /** One number may stand for a list of as many equal ones; what is absent is null or false. */
  private static boolean isSame(JsonNode one, JsonNode other) {
    if (one.isArray() && other.isArray() && one.size() != other.size()) {
      return false;
    }
    if (one.isArray() || other.isArray()) {
      JsonNode list = one.isArray() ? one : other;
      for (int i = 0; i < list.size(); i++) {
        JsonNode opposite = one.isArray() ? other : one;
        if (!isSame(list.get(i), opposite.isArray() ? opposite.get(i) : opposite)) {
          return false;
        }
      }
      return true;
    }
    if (one.isNumber() && other.isNumber()) {
      return one.doubleValue() == other.doubleValue();
    }
    return isAbsent(one) ? isAbsent(other) : one.equals(other);
  }

  private static boolean isAbsent(JsonNode value) {
    return value.isMissingNode() || value.isNull() || value.isBoolean() && !value.booleanValue();
  }

  private String name() {
    return String.valueOf(order.checkpoint().getFileName());
  }
}
