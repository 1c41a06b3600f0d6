package dev.latentline.gateway.request;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.WebhookTarget;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The body of POST /v1/generations against {@link Limits}, narrowed by the model's card. Everything
 * that is wrong is found at once. How many tokens a prompt has, and whether a picture that is named
 * is there, is not judged here.
 */
public final class RequestValidator {
  /** Event types that a webhook can ask for. */
  public static final List<String> WEBHOOK_EVENTS =
      List.of("generation.succeeded", "generation.failed", "generation.cancelled");

  private static final List<String> FIELDS =
      Stream.of(
              List.of("model"),
              PromptFields.NAMES,
              List.of("seed"),
              SamplingFields.NAMES,
              RefinerFields.NAMES,
              List.of("loras", "textual_inversions", ControlFields.NAME, ImagePromptFields.NAME),
              List.of("width", "height"),
              UpscaleFields.NAMES,
              List.of("count", "deadline_s", "output_format", "webhook", "metadata"))
          .flatMap(List::stream)
          .toList();

  /** What a live request leaves out: it is one picture of its text, now, as it was decoded. */
  private static final List<String> NOT_LIVE =
      List.of(
          ControlFields.NAME,
          ImagePromptFields.NAME,
          "count",
          "deadline_s",
          "upscale",
          "upscaler",
          "webhook");

  private static final List<String> FORMATS = List.of("png");

  /** A seed that is drawn can be typed into any other tool: most take 32 bits. */
  private static final long DRAWN_SEED_BITS = 0xffff_ffffL;

  private final OfferedModels models;
  private final Presets presets;
  private final Function<String, Optional<String>> urlProblem;

  /**
   * @param presets what prompts can name
   * @param urlProblem what is wrong with a webhook's URL as it is written, if anything
   */
  public RequestValidator(
      OfferedModels models, Presets presets, Function<String, Optional<String>> urlProblem) {
    this.models = models;
    this.presets = presets;
    this.urlProblem = urlProblem;
  }

  /** Pure: the same arguments give the same answer. */
  public Validated validate(byte[] body, Arrival arrival) {
    return validate(body, arrival, false);
  }

  /** The same for a frame of live mode: few steps, one picture, and a deadline that is short. */
  public Validated validateLive(byte[] body, Arrival arrival) {
    return validate(body, arrival, true);
  }

  private Validated validate(byte[] body, Arrival arrival, boolean live) {
    Problems problems = new Problems();
    Optional<ObjectNode> object = StrictJson.read(body, problems);
    if (object.isEmpty()) {
      return new Validated.Invalid(problems.all());
    }
    Fields fields = new Fields(object.get(), "", problems);
    fields.refuseAllBut(FIELDS);
    Optional<ModelCard> card = model(fields);
    Optional<MidjourneyParameters> parameters =
        MidjourneyParameters.take(object.get(), fields, card);
    if (live) {
      live(fields, card);
    }
    GenerationRequest.Builder request =
        GenerationRequest.newBuilder()
            .setGenerationId(arrival.generationId())
            .setTenant(arrival.tenant())
            .setAcceptedAtMs(arrival.atMs())
            .setLive(live);
    ImagePromptFields.read(fields, card, models, request);
    parameters.ifPresent(behind -> behind.refuseNothing(ImagePromptFields.areIn(request)));
    PromptFields.read(fields, card, request);
    SamplingFields.read(fields, card, live ? Limits.MAX_LIVE_STEPS : Limits.MAX_STEPS, request);
    LoraFields.read(fields, card, models, request);
    ControlFields.read(fields, card, models, request);
    size(fields, card, request);
    RefinerFields.read(fields, card, models, request);
    UpscaleFields.read(fields, models, request);
    seeds(fields, arrival, request);
    new ExpandedFields(fields, presets, parameters, request).read(body.length);
    InversionFields.read(fields, card, models, request);
    long deadlineSeconds =
        fields
            .integer("deadline_s", Limits.MIN_DEADLINE.toSeconds(), Limits.MAX_DEADLINE.toSeconds())
            .orElse((live ? Limits.LIVE_DEADLINE : Limits.DEFAULT_DEADLINE).toSeconds());
    request.setDeadlineMs(arrival.atMs() + deadlineSeconds * 1000);
    request.setOutputFormat(fields.oneOf("output_format", FORMATS).orElse(FORMATS.get(0)));
    fields.object("webhook").ifPresent(webhook -> request.setWebhook(webhook(webhook)));
    fields.object("metadata").ifPresent(metadata -> request.putAllMetadata(metadata(metadata)));

    List<FieldError> errors = problems.all();
    if (!errors.isEmpty() || card.isEmpty()) {
      return new Validated.Invalid(errors);
    }
    request.setPool(models.poolOf(card.get()).orElseThrow());
    request.setModel(
        ModelRef.newBuilder().setName(card.get().name()).setDigest(card.get().digest()));
    return new Validated.Valid(request.build());
  }

  private Optional<ModelCard> model(Fields fields) {
    Optional<String> reference = fields.text("model");
    if (reference.isEmpty()) {
      if (!fields.has("model")) {
        fields.add(
            "model", "missing", "Name a model: see GET /v1/models", Allowed.oneOf(models.names()));
      }
      return Optional.empty();
    }
    Optional<ModelCard> card = models.find(reference.get());
    if (card.isEmpty()) {
      fields.add(
          "model",
          "unknown_model",
          "There is no such model, or not with that digest: see GET /v1/models",
          Allowed.oneOf(models.names()));
      return card;
    }
    if (card.get().isRefiner()) {
      fields.add(
          "model",
          "refiner_alone",
          "Is a refiner, which goes on with the pictures of another model: name it as refiner",
          Allowed.oneOf(models.names()));
      return Optional.empty();
    }
    if (models.poolOf(card.get()).isEmpty()) {
      fields.add(
          "model",
          "model_not_served",
          "No pool serves this model: it has to be named in pools.yaml",
          Allowed.oneOf(models.names()));
    }
    return card;
  }

  /** What is said of a live request only; whatever else is wrong is found as ever. */
  private static void live(Fields fields, Optional<ModelCard> card) {
    for (String name : NOT_LIVE) {
      if (fields.has(name)) {
        fields.add(name, "not_live", "Cannot be said in live mode: leave it out");
      }
    }
    int most =
        Math.min(
            Limits.MAX_LIVE_STEPS,
            card.map(c -> c.limits().maxSteps()).orElse(Limits.MAX_LIVE_STEPS));
    if (!fields.has("steps")) {
      int steps = card.map(c -> c.defaults().steps()).orElse(0);
      if (steps > most) {
        fields.add(
            "steps",
            "missing",
            "The model's default of " + steps + " is too many for live mode: say 1 to " + most,
            Allowed.range(Limits.MIN_STEPS, most));
      }
    }
  }

  private static void size(
      Fields fields, Optional<ModelCard> card, GenerationRequest.Builder request) {
    Optional<ModelLimits> limits = card.map(ModelCard::limits);
    int multiple = limits.map(ModelLimits::sizeMultiple).orElse(Limits.SIZE_MULTIPLE);
    long width =
        fields
            .multiple(
                "width",
                Math.max(Limits.MIN_SIDE, limits.map(ModelLimits::minWidth).orElse(0)),
                Math.min(
                    Limits.MAX_SIDE, limits.map(ModelLimits::maxWidth).orElse(Limits.MAX_SIDE)),
                multiple)
            .orElse(card.map(c -> c.defaults().width()).orElse(0));
    long height =
        fields
            .multiple(
                "height",
                Math.max(Limits.MIN_SIDE, limits.map(ModelLimits::minHeight).orElse(0)),
                Math.min(
                    Limits.MAX_SIDE, limits.map(ModelLimits::maxHeight).orElse(Limits.MAX_SIDE)),
                multiple)
            .orElse(card.map(c -> c.defaults().height()).orElse(0));
    long maxPixels =
        Math.min(Limits.MAX_PIXELS, limits.map(ModelLimits::maxPixels).orElse(Limits.MAX_PIXELS));
    if (width * height > maxPixels) {
      fields.add(
          fields.has("width") ? "width" : "height",
          "too_many_pixels",
          "width x height must be at most " + maxPixels + " pixels",
          Allowed.range(0, maxPixels));
    }
    request.setWidth((int) width).setHeight((int) height);
  }

  private static void seeds(Fields fields, Arrival arrival, GenerationRequest.Builder request) {
    long count =
        fields.integer("count", Limits.MIN_COUNT, Limits.MAX_COUNT).orElse(Limits.MIN_COUNT);
    // the last picture has a seed too: seed + count - 1
    long seed =
        fields
            .integer("seed", 0, Limits.MAX_SEED - (count - 1))
            .orElse(arrival.randomBits() & DRAWN_SEED_BITS);
    request.setCount((int) count).setSeed(seed);
  }

  private WebhookTarget webhook(Fields fields) {
    fields.refuseAllBut(List.of("url", "events"));
    if (!fields.has("url")) {
      fields.add("url", "missing", "Say where the webhook goes");
    }
    Optional<String> url = fields.text("url");
    url.flatMap(urlProblem).ifPresent(problem -> fields.add("url", "invalid_url", problem));
    return WebhookTarget.newBuilder()
        .setUrl(url.orElse(""))
        .addAllEvents(fields.someOf("events", WEBHOOK_EVENTS))
        .build();
  }

  private static Map<String, String> metadata(Fields fields) {
    List<String> names = fields.names();
    Map<String, String> metadata = new TreeMap<>();
    if (names.size() > Limits.MAX_METADATA_ENTRIES) {
      fields.refuseWhole(
          "too_many",
          "Has " + names.size() + " entries; at most " + Limits.MAX_METADATA_ENTRIES,
          Allowed.range(0, Limits.MAX_METADATA_ENTRIES));
      return metadata;
    }
    for (String name : names) {
      if (name.isEmpty() || name.length() > Limits.MAX_METADATA_KEY_CHARS || !Text.isClean(name)) {
        fields.add(
            Text.shown(name),
            "invalid_text",
            "A key has 1 to " + Limits.MAX_METADATA_KEY_CHARS + " characters and no control ones");
        continue;
      }
      fields
          .prose(name, Limits.MAX_METADATA_VALUE_CHARS)
          .ifPresent(value -> metadata.put(name, value));
    }
    return metadata;
  }
}
