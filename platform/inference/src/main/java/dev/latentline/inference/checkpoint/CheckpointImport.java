package dev.latentline.inference.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Sha256;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ManifestProblems;
import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Makes a model of the catalogue from a checkpoint, what changes models from the file of a LoRA or
 * a textual inversion, what steers them from a ControlNet, or an upscaler from one of those.
 */
public final class CheckpointImport {
  private static final String TOKENIZER = "tokenizer/tokenizer.json";

  private final ImportOrder order;
  private final OrderedDefaults defaults;
  private final Consumer<String> notes;

  private CheckpointImport(ImportOrder order, OrderedDefaults defaults, Consumer<String> notes) {
    this.order = order;
    this.defaults = defaults;
    this.notes = notes;
  }

  /**
   * Imports. Nothing is left behind when it fails.
   *
   * @param notes told what was found, in lines for people
   * @return the folder of what was made
   * @throws RefusedCheckpointException when the checkpoint is not one that can be used, or there is
   *     no room for it
   * @throws IOException when files cannot be read or written
   */
  public static Path run(ImportOrder order, Consumer<String> notes) throws IOException {
    return run(order, OrderedDefaults.none(), notes);
  }

  /**
   * {@link #run(ImportOrder, Consumer)} of a model with defaults of one's own.
   *
   * @throws RefusedCheckpointException also when it is no model
   */
  public static Path run(ImportOrder order, OrderedDefaults defaults, Consumer<String> notes)
      throws IOException {
    return new CheckpointImport(order, defaults, notes).run();
  }

  private Path run() throws IOException {
    requireName(order.name());
    clear(order.models());
    requireDigest();
    try (CheckpointFiles files = CheckpointFiles.open(order.checkpoint(), order.vae())) {
      if (ControlNetImport.isOne(files.networkTensors())) {
        requireNoDefaults("a ControlNet");
        return new ControlNetImport(order, notes).write(files);
      }
      if (LoraTensors.areOfOne(files.networkTensors())) {
        requireNoDefaults("a LoRA");
        return new LoraImport(order, notes).write(files);
      }
      if (TextualInversionImport.isOne(files.networkTensors())) {
        requireNoDefaults("a textual inversion");
        return new TextualInversionImport(order, notes).write(files);
      }
      if (UpscalerImport.isOne(files.networkTensors())) {
        requireNoDefaults("an upscaler");
        return new UpscalerImport(order, notes).write(files);
      }
      Placement.ofModel(order).requireFree();
      if (OnnxFolder.isOne(order.checkpoint())) {
        return writeOnnx(files);
      }
      Fit fit = recognise(files);
      notes.accept("it is " + fit.template().title());
      if (fit.template().isOfRefiners()) {
        notes.accept("name it as --refiner beside a --model whose pictures it is to go on with");
      }
      return write(files, fit, ModelScheduler.of(files, fit.template(), order.prediction()));
    } catch (InvalidSafetensorsException e) {
      throw new RefusedCheckpointException(e.getMessage());
    }
  }

  /**
   * @throws RefusedCheckpointException when nothing in a catalogue may be called so
   */
  public static void requireName(String name) {
    if (name.isEmpty()) {
      throw new RefusedCheckpointException(
          "what it comes from has no letter or digit in its name: name it with --name");
    }
    if (!name.matches(Limits.NAME_PATTERN)) {
      throw new RefusedCheckpointException(
          name + " is no name for a model: it must be " + Limits.NAME_PATTERN);
    }
    if (Catalogue.GROUPS.contains(name)) {
      throw new RefusedCheckpointException(
          name + " is what catalogues call a folder of their own: choose another --name");
    }
  }

  /**
   * Clears away what imports have left that were killed, and brings back what they had taken out of
   * its place.
   *
   * @param models the folder of a catalogue; it need not be there
   */
  public static void clear(Path models) throws IOException {
    Workplace.clear(models);
    for (String group : Catalogue.GROUPS) {
      Workplace.clear(models.resolve(group));
    }
  }

  private void requireNoDefaults(String kind) {
    if (!defaults.areNone()) {
      throw new RefusedCheckpointException(
          "it is " + kind + ", which has no defaults: leave --steps and the like out");
    }
  }

  private void requireDigest() throws IOException {
    if (order.sha256().isEmpty()) {
      return;
    }
    if (Files.isDirectory(order.checkpoint())) {
      throw new RefusedCheckpointException(
          "--sha256 is for single files, and "
              + order.checkpoint().getFileName()
              + " is a folder: leave it out");
    }
    FileKind.requireSafetensors(order.checkpoint());
    MessageDigest digest = Sha256.digest();
    byte[] buffer = new byte[1024 * 1024];
    try (InputStream in = Files.newInputStream(order.checkpoint())) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    String found = Sha256.hex(digest);
    if (!found.equals(order.sha256().get())) {
      throw new RefusedCheckpointException(
          order.checkpoint().getFileName()
              + " is not the file that was asked for: its SHA-256 is "
              + found
              + "; download it again");
    }
  }

  private Fit recognise(CheckpointFiles files) throws IOException {
    List<Fit> fits =
        Template.in(order.templates()).stream().map(template -> Fit.of(template, files)).toList();
    // of variants of a family the one that has a place for the most
    Optional<Fit> complete =
        fits.stream().filter(Fit::isComplete).max(Comparator.comparingInt(Fit::networkWeights));
    String name = String.valueOf(order.checkpoint().getFileName());
    if (complete.isPresent()) {
      complete.get().requireNothingMore(name, complete.get().unread(files));
      return complete.get();
    }
    Fit nearest =
        fits.stream()
            .max(Comparator.comparingInt(Fit::networkWeights))
            .orElseThrow(
                () ->
                    new RefusedCheckpointException(
                        "there are no graph templates in " + order.templates()));
    Optional<String> other = OtherKind.of(files.networkTensors());
    boolean isKnown = !nearest.template().network().equals("unet") && nearest.isLikely();
    if (other.isPresent() && !isKnown) {
      throw new RefusedCheckpointException(name + " is " + other.get());
    }
    if (!nearest.isLikely()) {
      throw new RefusedCheckpointException(
          name
              + " is of no family that is known here ("
              + String.join(", ", fits.stream().map(fit -> fit.template().title()).toList())
              + "); models/export makes a template of another configuration");
    }
    throw new RefusedCheckpointException(
        name + " looks like " + nearest.template().title() + ", but " + advice(files, nearest));
  }

  private static String advice(CheckpointFiles files, Fit fit) {
    boolean decodes = !fit.lacks("vae_decoder");
    // with what it lacks it would be refused all the same
    if (files.isSingleFile() && !fit.misshapen().isEmpty()) {
      return fit.problems();
    }
    // transformers are often published without their text encoders, and U-Nets are not
    if (files.isSingleFile()
        && !fit.template().network().equals("unet")
        && fit.lacks("text_encoder")) {
      return "it has no text_encoder"
          + (decodes ? "" : " and no autoencoder")
          + ": lay it into a folder "
          + fit.template().network()
          + " beside folders of text encoders"
          + (decodes ? "" : " and a folder vae")
          + ", as docs/models.md says";
    }
    return decodes ? fit.problems() : "it has no autoencoder: name one with --vae";
  }

  private Path write(CheckpointFiles files, Fit fit, ObjectNode scheduler) throws IOException {
    return placement()
        .make(
            made -> {
              ObjectNode manifest = manifest(files, fit.template(), fit.without(), scheduler);
              LatentScale.into(manifest, files, "vae");
              ModelFolder folder = new ModelFolder(made, fit, tokenizers(manifest, fit.template()));
              folder.requireRoom("the model");
              folder.write(manifest, scheduler, notes);
              return ManifestProblems.ofModel(made);
            });
  }

  private Placement placement() throws IOException {
    new RetiredModels(order.models()).removeExpired(Instant.now());
    return Placement.ofModel(order);
  }

  private Path writeOnnx(CheckpointFiles files) throws IOException {
    if (order.vae().isPresent()) {
      throw new RefusedCheckpointException(
          "--vae is for checkpoints: the folder's parts are ONNX graphs, its autoencoder's too");
    }
    OnnxFolder onnx = OnnxFolder.read(order.checkpoint(), files);
    Template template = onnx.template(Template.in(order.templates()));
    notes.accept("it is " + template.title() + ", as ONNX graphs");
    ObjectNode scheduler = ModelScheduler.of(files, template, order.prediction());
    ObjectNode manifest = manifest(files, template, List.of(), scheduler);
    byte[] tokenizer = tokenizers(manifest, template).get(TOKENIZER);
    onnx.requireVocabulary(new ObjectMapper().readTree(tokenizer).at("/model/vocab"));
    onnx.adapt(template, manifest);
    return placement()
        .make(
            made -> {
              WrittenFolder folder = new WrittenFolder(made);
              onnx.copyInto(folder, notes);
              folder.write(TOKENIZER, out -> out.write(tokenizer));
              folder.write(
                  "scheduler/scheduler_config.json",
                  out -> out.write(WrittenFolder.pretty(scheduler)));
              if (onnx.decodesAnySize()) {
                notes.accept("fitting previews");
                PreviewFit.into(manifest, made);
              }
              folder.writeManifest(manifest);
              return ManifestProblems.ofModel(made);
            });
  }

  /** Those that the model's text encoders have, by path. */
  private Map<String, byte[]> tokenizers(ObjectNode manifest, Template template)
      throws IOException {
    Map<String, byte[]> tokenizers = new TreeMap<>();
    for (JsonNode encoder : manifest.path("text_encoders")) {
      String path = encoder.path("tokenizer").asText();
      Path file = order.templates().get(0).resolve(template.tokenizers().get(path));
      tokenizers.put(path, Template.unzipped(file));
    }
    return tokenizers;
  }

  /** The same for the same checkpoint on every machine, so that its digest is, too. */
  private ObjectNode manifest(
      CheckpointFiles files, Template template, List<String> without, ObjectNode scheduler)
      throws IOException {
    ObjectNode manifest = template.manifest().objectNode();
    manifest.put("schema", 1);
    manifest.put("name", order.name());
    manifest.setAll(template.manifest().deepCopy());
    for (String part : without) {
      notes.accept("it has no " + part + ", and does without");
      Iterator<JsonNode> encoders = manifest.path("text_encoders").iterator();
      while (encoders.hasNext()) {
        if (encoders.next().path("model").asText().startsWith(part + "/")) {
          encoders.remove();
        }
      }
    }
    manifest.put(
        "description",
        template.title() + ", imported from " + line(order.checkpoint().getFileName().toString()));
    manifest.put("licence", licence(order, files));
    manifest.put("created", created(files, template).toString());
    ModelDefaults.into(manifest, files, template, scheduler, defaults);
    return manifest;
  }

  /**
   * Of what lies beside models: the same for the same file on every machine, so that its digest is,
   * too.
   */
  static ObjectNode manifest(ImportOrder order, CheckpointFiles files, Template template) {
    ObjectNode manifest = template.manifest().objectNode();
    manifest.put("schema", 1);
    manifest.put("name", order.name());
    manifest.setAll(template.manifest().deepCopy());
    manifest.put(
        "description",
        template.title()
            + ", imported from "
            + line(String.valueOf(order.checkpoint().getFileName())));
    manifest.put("licence", licence(order, files));
    manifest.put("created", created(files, template).toString());
    return manifest;
  }

  static String licence(ImportOrder order, CheckpointFiles files) {
    return line(
        order
            .licence()
            .or(() -> Optional.ofNullable(files.metadata().get("modelspec.license")))
            .orElse("LicenseRef-unknown"));
  }

  static String line(String text) {
    String line = text.replaceAll("\\p{Cc}", " ").strip();
    return line.substring(0, Math.min(line.length(), 200));
  }

  static Instant created(CheckpointFiles files, Template template) {
    String date = files.metadata().getOrDefault("modelspec.date", "");
    try {
      return LocalDate.parse(date.substring(0, Math.min(10, date.length())))
          .atStartOfDay(ZoneOffset.UTC)
          .toInstant();
    } catch (DateTimeParseException e) {
      return Instant.parse(template.released());
    }
  }

  /**
   * The name of a model that a file's or a folder's name suggests. Empty where that has no letter
   * or digit of a name.
   */
  public static String suggestedName(Path checkpoint) {
    Path name = checkpoint.toAbsolutePath().normalize().getFileName();
    return name == null
        ? ""
        : Catalogue.suggestedName(name.toString().replaceFirst("\\.safetensors$", ""));
  }
}
