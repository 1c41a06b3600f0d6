package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The safetensors files of a checkpoint: one with everything, or a folder as diffusers writes it
 * with some for each part, or of one part with its config.json beside them; the autoencoder may
 * come from a file of its own. Closed by whoever opened it.
 */
final class CheckpointFiles implements AutoCloseable {
  private static final String SUFFIX = ".safetensors";
  private static final long MAX_JSON_BYTES = 4 * 1024 * 1024;

  /** Both autoencoder's graphs have their weights in one folder. */
  private static final Map<String, String> FOLDERS =
      Map.of("vae_decoder", "vae", "vae_encoder", "vae");

  /** Parts that are published alone, by their class in diffusers' config.json. */
  private static final String ALONE = ".*ControlNet.*|.*Adapter.*|Autoencoder.*";

  /** What diffusers calls the folder of the denoising network. */
  private static final List<String> NETWORKS = List.of("unet", "transformer");

  private final Path path;
  private final List<SafetensorsFile> whole = new ArrayList<>();
  private final Map<String, List<SafetensorsFile>> parts = new TreeMap<>();
  private final Optional<SafetensorsFile> vae;

  /** A tensor, and the file that has it. */
  record Located(SafetensorsFile file, StoredTensor tensor) {}

  private CheckpointFiles(Path path, Optional<SafetensorsFile> vae) {
    this.path = path;
    this.vae = vae;
  }

  /**
   * @param vae a file with the autoencoder, to be used instead of the checkpoint's
   * @throws RefusedCheckpointException when it is of another kind
   * @throws dev.latentline.inference.safetensors.InvalidSafetensorsException when a file is broken
   */
  static CheckpointFiles open(Path path, Optional<Path> vae) throws IOException {
    if (vae.isPresent()) {
      FileKind.requireSafetensors(vae.get());
    }
    CheckpointFiles files =
        new CheckpointFiles(
            path,
            vae.isPresent() ? Optional.of(SafetensorsFile.open(vae.get())) : Optional.empty());
    try {
      if (Files.isDirectory(path)) {
        files.openFolder();
      } else {
        FileKind.requireSafetensors(path);
        files.whole.add(SafetensorsFile.open(path));
      }
      return files;
    } catch (IOException | RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private void openFolder() throws IOException {
    if (json("config.json")
        .map(it -> it.path("_class_name").asText(""))
        .orElse("")
        .matches(ALONE)) {
      open(path, whole);
      if (whole.isEmpty()) {
        throw new RefusedCheckpointException(
            "the folder " + path.getFileName() + " has a config.json and no .safetensors weights");
      }
      return;
    }
    if (NETWORKS.stream().noneMatch(name -> Files.isDirectory(path.resolve(name)))) {
      throw new RefusedCheckpointException(
          "the folder "
              + path.getFileName()
              + " is none that diffusers wrote: it has no folder unet or transformer; name a"
              + " .safetensors file, or a folder with model_index.json, unet or transformer, vae"
              + " and text_encoder");
    }
    List<Path> folders;
    try (Stream<Path> entries = Files.list(path)) {
      folders = entries.filter(Files::isDirectory).sorted().toList();
    }
    for (Path folder : folders) {
      List<SafetensorsFile> opened = new ArrayList<>();
      parts.put(folder.getFileName().toString(), opened);
      open(folder, opened);
    }
  }

  private static void open(Path folder, List<SafetensorsFile> opened) throws IOException {
    for (Path file : weightFiles(folder)) {
      FileKind.requireSafetensors(file);
      opened.add(SafetensorsFile.open(file));
    }
  }

  /**
   * Of a part: the only file, or the shards of an index, or where several variants lie side by side
   * the full one.
   */
  private static List<Path> weightFiles(Path folder) throws IOException {
    List<Path> files;
    List<Path> indexes;
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> all = entries.filter(Files::isRegularFile).sorted().toList();
      files = all.stream().filter(file -> file.toString().endsWith(SUFFIX)).toList();
      indexes = all.stream().filter(f -> f.toString().endsWith(SUFFIX + ".index.json")).toList();
    }
    Optional<Path> plain =
        files.stream()
            .filter(file -> file.getFileName().toString().matches("[a-z_]+\\.safetensors"))
            .findFirst();
    if (plain.isPresent()) {
      return List.of(plain.get());
    }
    if (!indexes.isEmpty()) {
      return shards(indexes.get(0), files);
    }
    // one variant, such as fp16: the first where there are more
    return files.stream().limit(1).toList();
  }

  /**
   * @param beside the files that it can name
   */
  private static List<Path> shards(Path index, List<Path> beside) throws IOException {
    List<Path> shards = new ArrayList<>();
    for (JsonNode name : object(index).path("weight_map")) {
      Path shard =
          beside.stream()
              .filter(file -> file.getFileName().toString().equals(name.asText()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new RefusedCheckpointException(
                          index.getFileName()
                              + " names "
                              + CheckpointImport.line(name.asText())
                              + ", which is no file beside it"));
      if (!shards.contains(shard)) {
        shards.add(shard);
      }
    }
    return shards;
  }

  /**
   * A JSON file of a folder, such as scheduler/scheduler_config.json.
   *
   * @throws RefusedCheckpointException when it is something else than an object
   */
  Optional<ObjectNode> json(String name) throws IOException {
    Path file = path.resolve(name);
    return Files.isDirectory(path) && Files.isRegularFile(file)
        ? Optional.of(object(file))
        : Optional.empty();
  }

  private static ObjectNode object(Path file) throws IOException {
    byte[] bytes = bounded(file);
    try {
      if (new ObjectMapper().readTree(bytes) instanceof ObjectNode object) {
        return object;
      }
    } catch (JacksonException e) {
      // said below, without its bytes
    }
    throw new RefusedCheckpointException(file.getFileName() + " holds no JSON object");
  }

  private static byte[] bounded(Path file) throws IOException {
    if (Files.size(file) > MAX_JSON_BYTES) {
      throw new RefusedCheckpointException(file.getFileName() + " is too long for what it is");
    }
    return Files.readAllBytes(file);
  }

  /** Where a part's weight comes from, if the tensor is there. */
  Optional<Located> find(String part, String tensor) {
    if (vae.isPresent() && FOLDERS.containsKey(part)) {
      return find(List.of(vae.get()), tensor);
    }
    return find(
        whole.isEmpty() ? parts.getOrDefault(FOLDERS.getOrDefault(part, part), List.of()) : whole,
        tensor);
  }

  private static Optional<Located> find(List<SafetensorsFile> files, String tensor) {
    return files.stream()
        .flatMap(file -> file.find(tensor).map(found -> new Located(file, found)).stream())
        .findFirst();
  }

  /** Whether it is one file with all parts, or one part alone. */
  boolean isSingleFile() {
    return !whole.isEmpty();
  }

  /** The tensors of the single file, or of the folder's denoising network, by name. */
  Map<String, StoredTensor> networkTensors() {
    Map<String, StoredTensor> all = new TreeMap<>();
    whole.forEach(file -> all.putAll(file.tensors()));
    for (String network : NETWORKS) {
      parts.getOrDefault(network, List.of()).forEach(file -> all.putAll(file.tensors()));
    }
    return all;
  }

  /**
   * The bytes of one of {@link #networkTensors()}, little-endian.
   *
   * @throws IllegalArgumentException when it is none of the single file
   */
  ByteBuffer map(StoredTensor tensor) throws IOException {
    for (SafetensorsFile file : whole) {
      if (file.find(tensor.name()).isPresent()) {
        return file.map(tensor);
      }
    }
    throw new IllegalArgumentException(tensor.name() + " is in no single file");
  }

  /** What the single file says of itself. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    whole.forEach(file -> metadata.putAll(file.metadata()));
    return metadata;
  }

  @Override
  public void close() throws IOException {
    List<SafetensorsFile> all = new ArrayList<>(whole);
    parts.values().forEach(all::addAll);
    vae.ifPresent(all::add);
    for (SafetensorsFile file : all) {
      file.close();
    }
  }
}
