package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A model whose parts somebody else exported as ONNX graphs: a folder as optimum or diffusers'
 * OnnxStableDiffusionPipeline writes it. Which family it is of, and so its defaults and limits, is
 * that of the template which takes and gives the same.
 */
final class OnnxFolder {
  private static final String NETWORK = "unet";
  private static final String DECODER = "vae_decoder";
  private static final String ENCODER = "vae_encoder";
  private static final String SECOND_TEXT = "text_encoder_2";
  private static final List<String> PARTS = List.of(NETWORK, "text_encoder", DECODER, ENCODER);
  private static final long ANY = OnnxGraph.ANY;
  private static final long INPAINTING_CHANNELS = 9;

  /** contract.Limits, less the states that the model was trained on. */
  private static final int MAX_SKIPS = 11;

  private final CheckpointFiles files;
  private final Map<String, OnnxPart> parts = new TreeMap<>();

  private OnnxFolder(CheckpointFiles files) {
    this.files = files;
  }

  /** Whether a path is such a folder, be it whole or not. */
  static boolean isOne(Path path) {
    return PARTS.stream()
        .anyMatch(part -> Files.isRegularFile(path.resolve(part).resolve(OnnxPart.GRAPH)));
  }

  /**
   * @throws RefusedCheckpointException when a part is missing, or cannot be used
   */
  static OnnxFolder read(Path path, CheckpointFiles files) throws IOException {
    OnnxFolder folder = new OnnxFolder(files);
    List<String> missing = new ArrayList<>();
    List<String> wanted = new ArrayList<>(PARTS);
    if (Files.isDirectory(path.resolve(SECOND_TEXT))) {
      wanted.add(SECOND_TEXT);
    }
    for (String part : wanted) {
      if (Files.isRegularFile(path.resolve(part).resolve(OnnxPart.GRAPH))) {
        folder.parts.put(part, OnnxPart.read(path.resolve(part)));
      } else {
        missing.add(part + "/" + OnnxPart.GRAPH);
      }
    }
    if (files.json("tokenizer/vocab.json").isEmpty()) {
      missing.add("tokenizer/vocab.json");
    }
    if (!missing.isEmpty()) {
      throw new RefusedCheckpointException(
          path.getFileName() + " has ONNX graphs, but lacks " + String.join(", ", missing));
    }
    return folder;
  }

  private JsonNode config(String part) throws IOException {
    return files.json(part + "/config.json").orElseGet(() -> new ObjectMapper().createObjectNode());
  }

  /**
   * The template of the family.
   *
   * @throws RefusedCheckpointException when there is none, or a graph takes or gives something else
   *     than that of the template
   */
  Template template(List<Template> templates) throws IOException {
    OnnxPart network = parts.get(NETWORK);
    Set<String> inputs = network.graph().inputs().keySet();
    boolean sized = inputs.contains("time_ids");
    boolean guided = inputs.contains("timestep_cond");
    network.require(networkInputs(network, sized, guided), "out_sample");
    long width = stated(network, "encoder_hidden_states", 2, NETWORK, "cross_attention_dim");
    long guidance = guided ? stated(network, "timestep_cond", 1, NETWORK, "time_cond_proj_dim") : 0;
    boolean inpainting = channels(network) == INPAINTING_CHANNELS;
    for (Template template : templates) {
      JsonNode unet = template.manifest().path("unet");
      if (!template.isOfRefiners()
          && unet.path("context_size").asLong() == width
          && unet.path("time_ids").asInt() > 0 == sized
          && unet.path("guidance_size").asLong() == guidance
          && unet.path("inpainting").asBoolean() == inpainting
          && encoders(template).size() == (parts.containsKey(SECOND_TEXT) ? 2 : 1)) {
        requireGraphs(template);
        return template;
      }
    }
    throw new RefusedCheckpointException(
        "its U-Net, which takes texts of width "
            + width
            + " and "
            + new TreeSet<>(inputs)
            + ", is of no family that is known here: "
            + String.join(", ", templates.stream().map(Template::title).toList()));
  }

  /** The timestep has one for each row, or is one number. */
  private static Map<String, Integer> networkInputs(
      OnnxPart network, boolean sized, boolean guided) {
    Map<String, Integer> wanted = new HashMap<>();
    wanted.put("sample", 4);
    OnnxGraph.Value timestep = network.graph().inputs().get("timestep");
    wanted.put("timestep", timestep != null && timestep.shape().isEmpty() ? 0 : 1);
    wanted.put("encoder_hidden_states", 3);
    if (guided) {
      wanted.put("timestep_cond", 2);
    }
    if (sized) {
      wanted.put("text_embeds", 2);
      wanted.put("time_ids", 2);
    }
    return wanted;
  }

  private static List<JsonNode> encoders(Template template) {
    List<JsonNode> encoders = new ArrayList<>();
    template.manifest().path("text_encoders").forEach(encoders::add);
    return encoders;
  }

  /** A size that the graph says, or else the part's configuration. */
  private long stated(OnnxPart part, String input, int dimension, String folder, String field)
      throws IOException {
    long fixed = part.side(input, dimension);
    return fixed == ANY ? config(folder).path(field).asLong() : fixed;
  }

  private long channels(OnnxPart network) throws IOException {
    // what is computed counts more than what is said of it
    Optional<Long> computed =
        network.graph().initializers().entrySet().stream()
            .filter(weight -> weight.getKey().endsWith("conv_in.weight"))
            .map(Map.Entry::getValue)
            .filter(shape -> shape.size() == 4)
            .map(shape -> shape.get(1))
            .findFirst();
    if (computed.isPresent()) {
      return computed.get();
    }
    long stated = stated(network, "sample", 1, NETWORK, "in_channels");
    if (stated == 0) {
      throw network.wrong(
          "sample", "may have any number of channels: state it in unet/config.json");
    }
    return stated;
  }

  private void requireGraphs(Template template) {
    OnnxPart network = parts.get(NETWORK);
    for (String input : network.graph().inputs().keySet()) {
      // a timestep of one number counts for all rows
      if (!network.graph().inputs().get(input).shape().isEmpty()) {
        network.requireFree(input, 0, input.equals("timestep") ? List.of(1L) : List.of(), "rows");
      }
    }
    for (JsonNode encoder : encoders(template)) {
      OnnxPart part = parts.get(folder(encoder));
      part.require(Map.of("input_ids", 2), states(part, template, 1));
      part.requireFree("input_ids", 0, List.of(1L), "texts");
      part.requireFree("input_ids", 1, List.of(encoder.path("max_tokens").asLong()), "tokens");
      if (encoder.has("pooled_output") && !part.graph().outputs().containsKey("text_embeds")) {
        throw new RefusedCheckpointException(
            part.name() + "/" + OnnxPart.GRAPH + " does not give text_embeds");
      }
    }
    network.requireFree(
        "encoder_hidden_states",
        1,
        List.of(encoders(template).get(0).path("max_tokens").asLong()),
        "tokens");
    parts.get(DECODER).require(Map.of("latent_sample", 4), "sample");
    parts.get(DECODER).requireFree("latent_sample", 0, List.of(1L), "pictures");
    OnnxPart encoder = parts.get(ENCODER);
    boolean parameters = encoder.graph().outputs().containsKey("latent_parameters");
    encoder.require(Map.of("sample", 4), parameters ? "latent_parameters" : "latent_sample");
    encoder.requireFree("sample", 0, List.of(1L), "pictures");
  }

  private static String folder(JsonNode encoder) {
    String model = encoder.path("model").asText();
    return model.substring(0, model.indexOf('/'));
  }

  /**
   * The output with the states that a network takes.
   *
   * @param before how many layers before the last: SDXL's takes those before the last one, the
   *     others the last, behind the final norm
   */
  private static String states(OnnxPart part, Template template, int before) {
    if (template.manifest().at("/unet/time_ids").asInt() == 0) {
      return "last_hidden_state";
    }
    long states =
        part.graph().outputs().keySet().stream()
            .filter(o -> o.startsWith("hidden_states."))
            .count();
    return "hidden_states." + (states - 1 - before);
  }

  /**
   * Says in the template's manifest what is different.
   *
   * @throws RefusedCheckpointException when the parts were exported for different sizes, or latents
   *     are scaled as is not known here
   */
  void adapt(Template template, ObjectNode manifest) throws IOException {
    ArrayNode encoders = manifest.withArray("/text_encoders");
    boolean anyTokens = parts.get(NETWORK).side("encoder_hidden_states", 1) == ANY;
    for (JsonNode node : encoders) {
      ObjectNode encoder = (ObjectNode) node;
      OnnxPart part = parts.get(folder(encoder));
      encoder.put("output", states(part, template, 1));
      encoder.put("chunks", anyTokens);
      encoder.remove("skip_outputs");
      List<String> earlier = new ArrayList<>();
      for (int before = 2; before <= MAX_SKIPS + 1; before++) {
        String output = states(part, template, before);
        if (!output.startsWith("hidden_states.") || !part.graph().outputs().containsKey(output)) {
          break;
        }
        earlier.add(output);
      }
      if (!earlier.isEmpty()) {
        earlier.forEach(encoder.putArray("skip_outputs")::add);
      }
      if (encoder.has("pooled_output")) {
        encoder.put("pooled_output", "text_embeds");
      }
    }
    // the graphs of other exporters take no residuals
    manifest.withObject("/unet").remove("controlled");
    LatentScale.into(manifest, files, DECODER);
    fixed("height", 2, manifest);
    fixed("width", 3, manifest);
  }

  /** A side that graphs were exported for is the only one. */
  private void fixed(String name, int dimension, ObjectNode manifest) {
    int scale = manifest.at("/vae/scale_factor").asInt();
    Set<Long> sides = new TreeSet<>();
    sides.add(scale * parts.get(NETWORK).side("sample", dimension));
    sides.add(scale * parts.get(DECODER).side("latent_sample", dimension));
    sides.remove(scale * ANY);
    if (sides.size() > 1) {
      throw new RefusedCheckpointException(
          "its parts were exported for different sizes: a " + name + " of " + sides);
    }
    for (long side : sides) {
      manifest.withObject("/defaults").put(name, side);
      manifest.withObject("/limits").put("min_" + name, side).put("max_" + name, side);
    }
  }

  /** Whether the decoder takes latents of any size. */
  boolean decodesAnySize() {
    OnnxPart decoder = parts.get(DECODER);
    return decoder.side("latent_sample", 2) == ANY && decoder.side("latent_sample", 3) == ANY;
  }

  /**
   * @param vocabulary of the tokenizer that this service has, by token
   * @throws RefusedCheckpointException when the model was trained with another
   */
  void requireVocabulary(JsonNode vocabulary) throws IOException {
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      Optional<ObjectNode> own = files.json(tokenizer + "/vocab.json");
      if (own.isPresent() && !own.get().equals(vocabulary)) {
        throw new RefusedCheckpointException(
            tokenizer + "/vocab.json is not CLIP's vocabulary, and no other is known here");
      }
    }
  }

  /**
   * @throws RefusedCheckpointException when the disk has less free than the model will take
   */
  void copyInto(WrittenFolder folder, Consumer<String> notes) throws IOException {
    long bytes = ModelFolder.SPARE_BYTES;
    for (OnnxPart part : parts.values()) {
      bytes += part.bytes();
    }
    folder.requireRoom("the model", bytes);
    for (OnnxPart part : parts.values()) {
      notes.accept(
          "copying " + part.name() + " (" + WrittenFolder.megabytes(part.bytes()) + " MB)");
      for (String file : part.files()) {
        folder.write(part.name() + "/" + file, out -> Files.copy(part.folder().resolve(file), out));
      }
    }
  }
}
