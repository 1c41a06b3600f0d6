package dev.latentline.inference.catalogue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads manifest.json and scheduler_config.json of one model; the only place that knows them. */
final class ManifestReader {
  static final String MANIFEST = "manifest.json";

  /** Far above any real manifest; a larger file is something else. */
  private static final int MAX_BYTES = 1024 * 1024;

  private static final int MAX_FILES = 1000;
  private static final Pattern LINE = Pattern.compile("[^\\p{Cntrl}]{1,500}");
  private static final Pattern NAME = Pattern.compile(Limits.NAME_PATTERN);
  private static final Pattern TENSOR = Pattern.compile("[A-Za-z0-9_./:-]{1,200}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(10)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path folder;
  private final String name;
  private final List<String> problems;

  ManifestReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.name = folder.getFileName().toString();
    this.problems = problems;
  }

  /** The model, or null when a problem was noted. */
  ModelCard read() {
    int before = problems.size();
    byte[] bytes = bounded(MANIFEST);
    JsonNode root = bytes == null ? null : parse(MANIFEST, bytes);
    if (root == null) {
      return null;
    }
    Fields manifest = Fields.of(place(MANIFEST), root, problems);
    manifest.integer("schema", 1, 1);
    String stated = manifest.text("name", NAME, "a name (" + Limits.NAME_PATTERN + ")");
    if (!stated.isEmpty() && !stated.equals(name)) {
      manifest.problem("name", "is " + stated + ", but the folder is " + name);
    }
    TreeMap<String, ModelFile> files = files(manifest);
    ModelCard card =
        new ModelCard(
            stated,
            "sha256:" + Sha256.hex(bytes),
            folder,
            manifest.text("family", NAME, "a name (" + Limits.NAME_PATTERN + ")"),
            manifest.text("licence", LINE, "an SPDX expression in one line"),
            manifest.text("description", LINE, "one line of text"),
            instant(manifest, "created"),
            defaults(manifest.object("defaults")),
            limits(manifest.object("limits")),
            manifest.objects("text_encoders", 1, 4, encoder -> textEncoder(encoder, files)),
            unet(manifest.object("unet"), files),
            vae(manifest.object("vae"), files),
            scheduler(path(manifest, "scheduler", files)),
            files);
    manifest.done();
    fit(card);
    return problems.size() == before ? card : null;
  }

  private TreeMap<String, ModelFile> files(Fields manifest) {
    TreeMap<String, ModelFile> files = new TreeMap<>();
    manifest
        .entries(
            "files",
            MAX_FILES,
            (path, file) -> {
              if (!isPlain(path) || path.equals(MANIFEST)) {
                manifest.problem(
                    "files[\"" + path + "\"]", "is no path of a file inside the model's folder");
              }
              return new ModelFile(
                  path,
                  file.longInteger("size", 0, Long.MAX_VALUE),
                  file.text("sha256", SHA256, "64 digits of lower-case hex"));
            })
        .forEach(file -> files.put(file.path(), file));
    return files;
  }

  /** Relative, with / between names that neither are hidden nor climb. */
  private static boolean isPlain(String path) {
    for (String segment : path.split("/", -1)) {
      if (!SEGMENT.matcher(segment).matches()) {
        return false;
      }
    }
    return path.length() <= 300;
  }

  private static String path(Fields fields, String key, TreeMap<String, ModelFile> files) {
    String path = fields.text(key, LINE, "the path of a file of the model");
    if (!path.isEmpty() && !files.containsKey(path)) {
      fields.problem(key, "is " + path + ", which \"files\" does not list");
    }
    return path;
  }

  private static Instant instant(Fields fields, String key) {
    String text = fields.text(key, LINE, "a time such as 2026-11-23T00:00:00Z");
    try {
      return text.isEmpty() ? Instant.EPOCH : Instant.parse(text);
    } catch (DateTimeParseException e) {
      fields.problem(key, "must be a time such as 2026-11-23T00:00:00Z");
      return Instant.EPOCH;
    }
  }

  private static Defaults defaults(Fields fields) {
    Defaults defaults =
        new Defaults(
            fields.integer("steps", Limits.MIN_STEPS, Limits.MAX_STEPS),
            (float)
                fields.number(
                    "guidance_scale", Limits.MIN_GUIDANCE_SCALE, Limits.MAX_GUIDANCE_SCALE),
            side(fields, "width"),
            side(fields, "height"),
            Sampler.byId(known(fields, "sampler", Sampler.ids())).orElse(Sampler.DDIM),
            Schedule.byId(known(fields, "schedule", Schedule.ids())).orElse(Schedule.NORMAL));
    fields.done();
    return defaults;
  }

  private static String known(Fields fields, String key, List<String> ids) {
    return fields.text(
        key, Pattern.compile(String.join("|", ids)), "one of " + String.join(", ", ids));
  }

  private static int side(Fields fields, String key) {
    return fields.integer(key, Limits.MIN_SIDE, Limits.MAX_SIDE);
  }

  private static ModelLimits limits(Fields fields) {
    ModelLimits limits =
        new ModelLimits(
            side(fields, "min_width"),
            side(fields, "max_width"),
            side(fields, "min_height"),
            side(fields, "max_height"),
            fields.integer("size_multiple", Limits.SIZE_MULTIPLE, Limits.MAX_SIDE),
            fields.integer("max_pixels", 1, Limits.MAX_PIXELS),
            fields.integer("max_steps", Limits.MIN_STEPS, Limits.MAX_STEPS));
    fields.done();
    return limits;
  }

  private static TextEncoder textEncoder(Fields fields, TreeMap<String, ModelFile> files) {
    return new TextEncoder(
        path(fields, "tokenizer", files),
        path(fields, "model", files),
        fields.text("output", TENSOR, "the name of an output of the graph"),
        fields.integer("max_tokens", 3, 4096),
        fields.integer("hidden_size", 1, 16_384));
  }

  private static UNet unet(Fields fields, TreeMap<String, ModelFile> files) {
    UNet unet =
        new UNet(
            path(fields, "model", files),
            fields.integer("latent_channels", 1, 128),
            fields.integer("context_size", 1, 65_536));
    fields.done();
    return unet;
  }

  private static Vae vae(Fields fields, TreeMap<String, ModelFile> files) {
    Vae vae =
        new Vae(
            path(fields, "decoder", files),
            path(fields, "encoder", files),
            fields.integer("scale_factor", 1, 64),
            fields.number("scaling_factor", 1e-6, 1e6));
    fields.done();
    return vae;
  }

  private SchedulerConfig scheduler(String path) {
    byte[] bytes = path.isEmpty() || !isPlain(path) ? null : bounded(path);
    JsonNode root = bytes == null ? null : parse(path, bytes);
    if (root == null) {
      return null;
    }
    // diffusers writes many keys that change nothing here, so unknown ones are not refused
    Fields fields = Fields.of(place(path), root, problems);
    for (String unsupported : List.of("trained_betas", "thresholding", "rescale_betas_zero_snr")) {
      fields.mustBeOff(unsupported);
    }
    SchedulerConfig config =
        new SchedulerConfig(
            fields.integer("num_train_timesteps", 1, 100_000),
            fields.choice("beta_schedule", SchedulerConfig.BetaSchedule.class, null),
            fields.number("beta_start", 1e-9, 1),
            fields.number("beta_end", 1e-9, 1),
            fields.choice(
                "prediction_type",
                SchedulerConfig.PredictionType.class,
                SchedulerConfig.PredictionType.EPSILON),
            fields.choice(
                "timestep_spacing",
                SchedulerConfig.TimestepSpacing.class,
                SchedulerConfig.TimestepSpacing.LEADING),
            fields.integer("steps_offset", 0, 1000, 0),
            fields.flag("clip_sample", false),
            fields.number("clip_sample_range", 0, 1e6, 1),
            fields.flag("set_alpha_to_one", true));
    if (config.betaStart() > config.betaEnd()) {
      fields.problem("beta_start", "is above beta_end");
    }
    return config;
  }

  /** What one field alone cannot tell. */
  private void fit(ModelCard card) {
    ModelLimits limits = card.limits();
    Defaults defaults = card.defaults();
    require(
        limits.minWidth() <= limits.maxWidth() && limits.minHeight() <= limits.maxHeight(),
        "limits: a minimum is above its maximum");
    require(
        limits.allowSize(defaults.width(), defaults.height()),
        "defaults: width and height are not what limits allow");
    require(defaults.steps() <= limits.maxSteps(), "defaults.steps is above limits.max_steps");
    require(
        limits.sizeMultiple() % card.vae().scaleFactor() == 0,
        "limits.size_multiple is no multiple of vae.scale_factor");
    int width = card.textEncoders().stream().mapToInt(TextEncoder::hiddenSize).sum();
    require(
        width == card.unet().contextSize(),
        "unet.context_size is not the sum of the text encoders' hidden_size");
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      problems.add(place(MANIFEST) + ": " + otherwise);
    }
  }

  private byte[] bounded(String path) {
    Path file = folder.resolve(path);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      problems.add(place(path) + ": missing, or not a plain file");
      return null;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length <= MAX_BYTES) {
        return bytes;
      }
      problems.add(place(path) + ": longer than " + MAX_BYTES + " bytes");
    } catch (IOException e) {
      problems.add(place(path) + ": cannot be read: " + e.getMessage());
    }
    return null;
  }

  private JsonNode parse(String path, byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (JacksonException e) {
      problems.add(
          place(path)
              + ": line "
              + (e.getLocation() == null ? "?" : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("invalid JSON"));
    } catch (IOException e) {
      problems.add(place(path) + ": " + e.getMessage());
    }
    return null;
  }

  private String place(String path) {
    return name + "/" + path;
  }
}
