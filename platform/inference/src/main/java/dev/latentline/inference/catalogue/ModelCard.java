package dev.latentline.inference.catalogue;

import dev.latentline.contract.PromptSyntax;
import dev.latentline.contract.Sampler;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model of this installation, as its manifest.json describes it. Every path that it names is one
 * of files, relative to folder, with / between names.
 *
 * @param name also the folder's
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of every other file
 * @param family what may be shared between models (LoRA, control networks); data, never a branch
 * @param refines the family whose pictures it goes on with; empty of a model that makes its own
 *     from noise
 * @param licence an SPDX expression
 * @param textEncoders at least one
 * @param imageEncoder most models have none
 * @param files by path, ascending
 */
public record ModelCard(
    String name,
    String digest,
    Path folder,
    String family,
    Optional<String> refines,
    String licence,
    String description,
    Instant created,
    Defaults defaults,
    ModelLimits limits,
    List<TextEncoder> textEncoders,
    UNet unet,
    Vae vae,
    SchedulerConfig scheduler,
    Optional<ImageEncoder> imageEncoder,
    Map<String, ModelFile> files) {

  private static final int RETIRED_DIGITS = 12;

  public ModelCard {
    textEncoders = List.copyOf(textEncoders);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** The name with the digest, as a request pins it. */
  public String reference() {
    return name + "@" + digest;
  }

  /** Whether it is a refiner, which is no model to draw with. */
  public boolean isRefiner() {
    return refines.isPresent();
  }

  /**
   * Whether it can go on with the other's pictures: it is a refiner of that family, and latents and
   * noise mean the same to both. A network that is told its guidance is asked without a negative
   * prompt, which a refiner needs.
   */
  public boolean canRefine(ModelCard other) {
    return refines.isPresent()
        && refines.get().equals(other.family)
        && unet.latentChannels() == other.unet.latentChannels()
        && vae.scaleFactor() == other.vae.scaleFactor()
        && scheduler.hasNoiseOf(other.scheduler)
        && other.unet.guidanceSize() == 0;
  }

  /** The names of the samplers that can sample it. */
  public List<String> samplers() {
    boolean flow = scheduler.predictionType() == SchedulerConfig.PredictionType.FLOW;
    return Sampler.ids(Arrays.stream(Sampler.values()).filter(s -> !flow || s.samplesFlow()));
  }

  /** Whether words of a prompt can be weighted, and a long one goes on in further chunks. */
  public boolean hasChunks() {
    return textEncoders.stream().anyMatch(TextEncoder::chunks);
  }

  /** How prompts are read by default: who has a model that knows weights writes them. */
  public PromptSyntax promptSyntax() {
    return hasChunks() ? PromptSyntax.A1111 : PromptSyntax.PLAIN;
  }

  /** Whether LoRAs can change it: its weights are beside its graphs. */
  public boolean takesLoras() {
    return weightsOf(unet.model()).isPresent();
  }

  /** The graph that makes a conditioning of a picture, where pictures can be its prompts. */
  public Optional<String> imagePrompt() {
    return imageEncoder.flatMap(ImageEncoder::prompt);
  }

  /** Rows of the conditioning of a text that is not longer than its encoders take at once. */
  public int maxTokens() {
    if (unet.contextTokens() > 0) {
      return unet.contextTokens();
    }
    return textEncoders.stream().mapToInt(TextEncoder::maxTokens).max().orElseThrow();
  }

  /** The size of what stands for a whole text: that of all text encoders which give it. */
  public int pooledSize() {
    return textEncoders.stream()
        .flatMap(e -> e.pooled().stream())
        .mapToInt(TextEncoder.Pooled::size)
        .sum();
  }

  /** Of the last layers of all its text encoders so many can be the one whose states are used. */
  public int maxClipSkip() {
    return textEncoders.stream().mapToInt(TextEncoder::maxClipSkip).min().orElse(1);
  }

  /**
   * The folder that it is moved to when another takes its place: requests may still be pinned to
   * it.
   */
  public Path retiredFolder() {
    return retiredFolder(folder, digest);
  }

  /**
   * The same of any model.
   *
   * @param digest sha256:{hex} of its manifest.json
   */
  public static Path retiredFolder(Path folder, String digest) {
    int begin = digest.indexOf(':') + 1;
    return folder
        .resolveSibling(Catalogue.RETIRED)
        .resolve(digest.substring(begin, begin + RETIRED_DIGITS))
        .resolve(folder.getFileName());
  }

  /** The same model in another folder. */
  public ModelCard in(Path other) {
    return new ModelCard(
        name,
        digest,
        other,
        family,
        refines,
        licence,
        description,
        created,
        defaults,
        limits,
        textEncoders,
        unet,
        vae,
        scheduler,
        imageEncoder,
        files);
  }

  /**
   * Where a file of the model lies.
   *
   * @throws IllegalArgumentException when the manifest does not list it
   */
  public Path file(String path) {
    return listed().file(path);
  }

  /**
   * Holds every file against the manifest: reads the whole model (about a second for 500 MB).
   *
   * @return what is wrong, each with the file's name: missing, no plain file, of another size or
   *     content, or there without being listed; empty when all is well
   */
  public List<String> verify() {
    return listed().verify();
  }

  /** Holds only these files against the manifest: those that a service is about to use. */
  public List<String> verify(Collection<String> paths) {
    return listed().verify(paths);
  }

  /**
   * What a graph consists of, by path: itself and all that lies in its folder. Large graphs keep
   * their weights in files of their own.
   */
  public List<String> filesOf(String graph) {
    String part = folderOf(graph);
    return files.keySet().stream().filter(path -> path.startsWith(part)).toList();
  }

  /**
   * The SHA-256 of all that a graph consists of, by path: what makes two models' graphs the same.
   */
  public Map<String, String> digestsOf(String graph) {
    Map<String, String> digests = new TreeMap<>();
    filesOf(graph).forEach(path -> digests.put(path, files.get(path).sha256()));
    return digests;
  }

  /** The weights of a graph that has none in it: weights.safetensors in its folder. */
  public Optional<Path> weightsOf(String graph) {
    return listed().weightsOf(graph);
  }

  private static String folderOf(String graph) {
    return graph.substring(0, graph.lastIndexOf('/') + 1);
  }

  private ListedFiles listed() {
    return new ListedFiles(name, folder, files);
  }
}
