package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads manifest.json and scheduler_config.json of one model; the only place that knows them. */
final class ManifestReader {
  private static final int MAX_CHANNELS = 128;
  private static final int COLOURS = 3;

  /** Published ones have 256. */
  private static final int MAX_GUIDANCE_SIZE = 4096;

  /** Of a colour; published ones are below 1. */
  private static final double MAX_WEIGHT = 1000;

  private static final Pattern TENSOR = Pattern.compile("[A-Za-z0-9_./:-]{1,200}");

  private final Path folder;
  private final ManifestFolder manifests;
  private final List<String> problems;

  ManifestReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests = new ManifestFolder(folder, folder.getFileName().toString(), problems);
    this.problems = problems;
  }

  /** The model, or null when a problem was noted. */
  ModelCard read() {
    return manifests.card(this::model);
  }

  private ModelCard model(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    String name = manifests.name(manifest);
    ModelCard card =
        new ModelCard(
            name,
            read.digest(),
            folder,
            manifest.text("family", ManifestFolder.NAME, "a name (" + Limits.NAME_PATTERN + ")"),
            refines(manifest),
            ManifestFolder.licence(manifest),
            ManifestFolder.description(manifest),
            ManifestFolder.created(manifest),
            defaults(manifest.object("defaults")),
            limits(manifest.object("limits")),
            manifest.objects("text_encoders", 1, 4, encoder -> textEncoder(encoder, files)),
            unet(manifest.object("unet"), files),
            vae(manifest.object("vae"), files),
            scheduler(ManifestFolder.path(manifest, "scheduler", files)),
            imageEncoder(manifest, files),
            files);
    fit(card);
    return card;
  }

  private static Optional<String> refines(Fields manifest) {
    return manifest.has("refines")
        ? Optional.of(
            manifest.text(
                "refines",
                ManifestFolder.NAME,
                "the name of a family (" + Limits.NAME_PATTERN + ")"))
        : Optional.empty();
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
        ManifestFolder.path(fields, "tokenizer", files),
        ManifestFolder.path(fields, "model", files),
        fields.text("output", TENSOR, "the name of an output of the graph"),
        fields.integer("max_tokens", 3, 4096),
        fields.integer("hidden_size", 1, 16_384),
        fields.has("pad_id")
            ? OptionalLong.of(fields.integer("pad_id", 0, Integer.MAX_VALUE))
            : OptionalLong.empty(),
        fields.flag("chunks", false),
        fields.has("skip_outputs")
            ? fields.texts("skip_outputs", Limits.MAX_CLIP_SKIP - 1, TENSOR, "names of outputs")
            : List.of(),
        pooled(fields),
        fields.choice("joins", TextEncoder.Join.class, TextEncoder.Join.BESIDE));
  }

  private static Optional<TextEncoder.Pooled> pooled(Fields fields) {
    if (!fields.has("pooled_output") && !fields.has("pooled_size")) {
      return Optional.empty();
    }
    return Optional.of(
        new TextEncoder.Pooled(
            fields.text("pooled_output", TENSOR, "the name of an output of the graph"),
            fields.integer("pooled_size", 1, 16_384)));
  }

  private static UNet unet(Fields fields, TreeMap<String, ModelFile> files) {
    // original size, crop, and target size or aesthetic score
    int timeIds = fields.integer("time_ids", 5, 6, 0);
    UNet unet =
        new UNet(
            ManifestFolder.path(fields, "model", files),
            fields.integer("latent_channels", 1, MAX_CHANNELS),
            fields.integer("context_size", 1, 65_536),
            timeIds,
            fields.flag("zero_unconditional", false),
            fields.integer("guidance_size", 4, MAX_GUIDANCE_SIZE, 0),
            fields.flag("inpainting", false),
            fields.flag("text_embeds", timeIds > 0),
            fields.integer("context_tokens", 1, 4096, 0),
            fields.flag("guidance", false),
            fields.integer("patch_size", 1, 64, 1),
            fields.has("controlled")
                ? Optional.of(ManifestFolder.path(fields, "controlled", files))
                : Optional.empty());
    fields.done();
    return unet;
  }

  private static Vae vae(Fields fields, TreeMap<String, ModelFile> files) {
    Vae vae =
        new Vae(
            ManifestFolder.path(fields, "decoder", files),
            ManifestFolder.path(fields, "encoder", files),
            fields.integer("scale_factor", 1, 64),
            fields.number("scaling_factor", 1e-6, 1e6),
            fields.number("shift_factor", -1e6, 1e6, 0),
            latentRgb(fields));
    fields.done();
    return vae;
  }

  private static Optional<ImageEncoder> imageEncoder(
      Fields manifest, TreeMap<String, ModelFile> files) {
    if (!manifest.has("image_encoder")) {
      return Optional.empty();
    }
    Fields fields = manifest.object("image_encoder");
    ImageEncoder encoder =
        new ImageEncoder(
            ManifestFolder.path(fields, "model", files),
            fields.integer("size", 1, Limits.MAX_SIDE),
            fields.integer("features", 1, 65_536),
            fields.has("prompt")
                ? Optional.of(ManifestFolder.path(fields, "prompt", files))
                : Optional.empty());
    fields.done();
    return Optional.of(encoder);
  }

  private static Optional<LatentRgb> latentRgb(Fields fields) {
    if (!fields.has("latent_rgb_factors") && !fields.has("latent_rgb_bias")) {
      return Optional.empty();
    }
    return Optional.of(
        new LatentRgb(
            fields.rows("latent_rgb_factors", MAX_CHANNELS, COLOURS, -MAX_WEIGHT, MAX_WEIGHT),
            fields.numbers("latent_rgb_bias", COLOURS, -MAX_WEIGHT, MAX_WEIGHT)));
  }

  private SchedulerConfig scheduler(String path) {
    byte[] bytes = path.isEmpty() || !ManifestFolder.isPlain(path) ? null : manifests.bounded(path);
    // diffusers writes many keys that change nothing here, so unknown ones are not refused
    Fields fields = bytes == null ? null : manifests.parse(path, bytes);
    if (fields == null) {
      return null;
    }
    for (String unsupported : List.of("trained_betas", "thresholding", "shift_terminal")) {
      fields.mustBeOff(unsupported);
    }
    if (fields.has("shift")) {
      return flow(fields);
    }
    fields.mustBeOff("use_dynamic_shifting");
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
            fields.flag("set_alpha_to_one", true),
            fields.flag("rescale_betas_zero_snr", false),
            FlowShift.NONE);
    if (config.betaStart() > config.betaEnd()) {
      fields.problem("beta_start", "is above beta_end");
    }
    return config;
  }

  /**
   * Of flow matching diffusers' files state the shift and no betas. The spacing is not in them: it
   * is what the family's pipeline asks for.
   */
  private static SchedulerConfig flow(Fields fields) {
    fields.mustBeOff("invert_sigmas");
    fields.mustBeOff("stochastic_sampling");
    SchedulerConfig.TimestepSpacing spacing =
        fields.choice(
            "timestep_spacing",
            SchedulerConfig.TimestepSpacing.class,
            SchedulerConfig.TimestepSpacing.LINSPACE);
    if (spacing == SchedulerConfig.TimestepSpacing.LEADING) {
      fields.problem("timestep_spacing", "must be linspace or trailing");
    }
    return new SchedulerConfig(
        fields.integer("num_train_timesteps", 1, 100_000),
        SchedulerConfig.BetaSchedule.LINEAR,
        0,
        0,
        SchedulerConfig.PredictionType.FLOW,
        spacing,
        0,
        false,
        1,
        true,
        false,
        new FlowShift(fields.number("shift", 1e-3, 1e3), dynamicShift(fields)));
  }

  private static Optional<FlowShift.Dynamic> dynamicShift(Fields fields) {
    if (!fields.flag("use_dynamic_shifting", false)) {
      return Optional.empty();
    }
    if (fields.has("time_shift_type")) {
      fields.text("time_shift_type", Pattern.compile("exponential"), "exponential");
    }
    int base = fields.integer("base_image_seq_len", 1, 1_000_000, 256);
    return Optional.of(
        new FlowShift.Dynamic(
            fields.number("base_shift", -10, 10, 0.5),
            fields.number("max_shift", -10, 10, 1.15),
            base,
            fields.integer("max_image_seq_len", base + 1, 1_000_001, 4096)));
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
    require(
        card.scheduler() == null || card.samplers().contains(defaults.sampler().id()),
        "defaults.sampler cannot sample a model of flow matching");
    require(defaults.steps() <= limits.maxSteps(), "defaults.steps is above limits.max_steps");
    require(
        limits.sizeMultiple() % card.vae().scaleFactor() == 0,
        "limits.size_multiple is no multiple of vae.scale_factor");
    require(
        limits.sizeMultiple() / card.vae().scaleFactor() % card.unet().patchSize() == 0,
        "limits.size_multiple is no multiple of vae.scale_factor times unet.patch_size");
    fitContext(card);
    long chunked = card.textEncoders().stream().filter(TextEncoder::chunks).count();
    require(
        chunked == 0 || chunked == card.textEncoders().size(),
        "text_encoders: either all or none of them have chunks");
    require(
        card.textEncoders().stream().allMatch(e -> !e.chunks() || e.padId().isPresent()),
        "text_encoders: one with chunks has a pad_id");
    require(
        chunked == 0
            || card.textEncoders().stream().mapToInt(TextEncoder::maxTokens).distinct().count()
                == 1,
        "text_encoders: those with chunks have the same max_tokens");
    long pooled = card.textEncoders().stream().filter(e -> e.pooled().isPresent()).count();
    require(
        card.unet().textEmbeds() == pooled > 0,
        "unet.time_ids or unet.text_embeds come together with a text encoder's pooled_output");
    require(
        card.unet().textEmbeds() || card.unet().timeIds() == 0,
        "unet.time_ids come together with unet.text_embeds");
    require(
        card.imagePrompt().isEmpty() || !card.unet().textEmbeds(),
        "image_encoder.prompt gives no text_embeds, which the network takes");
    int channels = card.unet().latentChannels();
    require(
        card.vae().latentRgb().map(rgb -> rgb.factors().size() == channels).orElse(true),
        "vae.latent_rgb_factors has not one row for each of unet.latent_channels");
  }

  /** How the rows of several text encoders become one conditioning. */
  private void fitContext(ModelCard card) {
    int rows = 0;
    int height = 0;
    int width = 0;
    int widest = 0;
    for (TextEncoder encoder : card.textEncoders()) {
      if (encoder.joins() == TextEncoder.Join.NONE) {
        continue;
      }
      if (encoder.joins() == TextEncoder.Join.BELOW) {
        rows += height;
        height = 0;
        width = 0;
      }
      height = Math.max(height, encoder.maxTokens());
      width += encoder.hiddenSize();
      widest = Math.max(widest, width);
    }
    int tokens = card.unet().contextTokens();
    int size = card.unet().contextSize();
    require(
        tokens > 0 ? widest <= size : rows == 0 && widest == size,
        "unet.context_size is not the sum of the text encoders' hidden_size"
            + " (with unet.context_tokens it may be larger)");
    require(
        tokens == 0 || rows + height <= tokens,
        "unet.context_tokens is less than the text encoders' max_tokens");
    require(
        tokens == 0 || !card.hasChunks(),
        "text_encoders: with unet.context_tokens they have no chunks");
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      problems.add(manifests.place(ManifestFolder.MANIFEST) + ": " + otherwise);
    }
  }
}
