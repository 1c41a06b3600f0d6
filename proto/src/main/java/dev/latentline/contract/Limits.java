package dev.latentline.contract;

import java.time.Duration;
import java.util.List;

/**
 * Every limit on input from outside, once. The gateway enforces them at its border and every stage
 * again when it reads a record; a model's own limits (its manifest) narrow them further.
 */
public final class Limits {
  /** Native JSON requests. */
  public static final int MAX_JSON_BYTES = 64 * 1024;

  public static final int MAX_JSON_DEPTH = 8;

  /** Of a prompt and of a negative prompt, in Unicode code points. */
  public static final int MAX_PROMPT_CODE_POINTS = 32_000;

  /** Of a prompt whose syntax has chunks of tokens: what is behind them is cut. */
  public static final int MAX_PROMPT_CHUNKS = 8;

  /** Of the prompts that are joined by AND. */
  public static final int MAX_PROMPTS_JOINED = 8;

  /** Of the different texts that a prompt and a negative prompt are in the course of the steps. */
  public static final int MAX_PROMPT_TEXTS = 32;

  /**
   * Of all those texts, and of pictures beside them, each counted as long as the longest one is
   * filled up: with as many rows as it has in memory, also where they are of empty chunks. 64 of
   * CLIP's chunks of 77 fit: all {@link #MAX_PROMPT_TEXTS} texts of two, or eight of {@link
   * #MAX_PROMPT_CHUNKS}; and the nine of {@link #MAX_PROMPTS_JOINED} and a negative prompt with
   * T5's 512.
   */
  public static final int MAX_PROMPT_TOKENS = 5_000;

  /** Of what stands behind a prompt of Midjourney's: eleven can have a meaning at once. */
  public static final int MAX_PROMPT_PARAMETERS = 16;

  /** Of choices that are open at once in a dynamic prompt, and of wildcards that name others. */
  public static final int MAX_CHOICE_DEPTH = 10;

  /** Of the choices that are made to expand one prompt. */
  public static final int MAX_CHOICES = 1_000;

  /** Of the options from which several are taken at once. */
  public static final int MAX_OPTIONS_OF_SEVERAL = 1_000;

  /** Of the styles that a request names. */
  public static final int MAX_STYLES = 8;

  public static final int MAX_STYLE_NAME_CHARS = 128;

  /** How far from 0 the weight of a word, or of a prompt among several, may be. */
  public static final double MAX_PROMPT_WEIGHT = 100;

  /** Of the layers of a text encoder; CLIP's smallest published one has so many. */
  public static final int MAX_CLIP_SKIP = 12;

  public static final int MIN_STEPS = 1;
  public static final int MAX_STEPS = 150;
  public static final float MIN_GUIDANCE_SCALE = 0;
  public static final float MAX_GUIDANCE_SCALE = 30;

  /** Of eta and of guidance_rescale: from nothing to all. */
  public static final float MAX_PART = 1;

  /** Of s_churn. From steps * 0.42 on nothing changes. */
  public static final float MAX_CHURN = 100;

  /** Of s_noise, whose use is to be a little above 1. */
  public static final float MAX_NOISE_SCALE = 2;

  /** Of refiner_start: where Podell et al. 2023 (arXiv:2307.01952) trained one to begin. */
  public static final double DEFAULT_REFINER_START = 0.8;

  public static final int MAX_LORAS = 8;

  /** How far from 0 the weight of a LoRA may be; most are made for 1. */
  public static final float MAX_LORA_WEIGHT = 10;

  /** Of one request. */
  public static final int MAX_TEXTUAL_INVERSIONS = 32;

  /** A textual inversion does not go over two chunks of a prompt, which hold so many tokens. */
  public static final int MAX_INVERSION_VECTORS = 75;

  /** Of all textual inversions of a catalogue: text encoders have them in memory. */
  public static final int MAX_CATALOGUE_VECTORS = 16_384;

  /** Of the pictures that steer one request; each costs a network of half a U-Net's size. */
  public static final int MAX_CONTROLS = 4;

  public static final float MAX_CONTROL_WEIGHT = 2;

  /** Of the pictures that a request is made from; each is one more call of the network a step. */
  public static final int MAX_IMAGE_PROMPTS = 4;

  /** Where the prompt has 1; as in Midjourney. */
  public static final float MAX_IMAGE_PROMPT_WEIGHT = 3;

  /** Of a picture that is sent, as it is sent. */
  public static final int MAX_INPUT_BYTES = 10 * 1024 * 1024;

  /** Of the body that a picture is sent in, with what is around it. */
  public static final int MAX_UPLOAD_BYTES = MAX_INPUT_BYTES + 64 * 1024;

  /** Of a picture that is sent: width and height, in pixels. */
  public static final int MIN_INPUT_SIDE = 16;

  /** Of a picture that is sent: 16 megapixels. */
  public static final int MAX_INPUT_PIXELS = 16 * 1024 * 1024;

  public static final int MIN_COUNT = 1;
  public static final int MAX_COUNT = 16;

  /** Width and height are multiples of it. */
  public static final int SIZE_MULTIPLE = 8;

  public static final int MIN_SIDE = 64;
  public static final int MAX_SIDE = 4096;
  public static final int MAX_PIXELS = 4 * 1024 * 1024;

  /**
   * What width and height can be multiplied by after decoding; 1 leaves the picture as it is. The
   * stored picture's sides are at most {@link #MAX_SIDE} too: 16 megapixels.
   */
  public static final List<Integer> UPSCALE_FACTORS = List.of(1, 2, 4);

  /** JSON numbers are exact up to here. */
  public static final long MAX_SEED = (1L << 53) - 1;

  public static final Duration MIN_DEADLINE = Duration.ofSeconds(1);
  public static final Duration DEFAULT_DEADLINE = Duration.ofHours(1);
  public static final Duration MAX_DEADLINE = Duration.ofHours(24);

  /** Of a live frame: whoever types waits no longer. */
  public static final Duration LIVE_DEADLINE = Duration.ofMinutes(1);

  /** What more steps are made of is not for live mode. */
  public static final int MAX_LIVE_STEPS = 8;

  /** For so long after its end a live frame can be fetched and followed. */
  public static final Duration LIVE_KEPT = Duration.ofMinutes(1);

  /** Of a live message: a request and what is around it. */
  public static final int MAX_LIVE_MESSAGE_BYTES = MAX_JSON_BYTES + 1024;

  /** A stage does not start work whose deadline passed this long ago by its own clock. */
  public static final Duration CLOCK_SKEW = Duration.ofSeconds(30);

  public static final int MAX_METADATA_ENTRIES = 16;
  public static final int MAX_METADATA_KEY_CHARS = 64;
  public static final int MAX_METADATA_VALUE_CHARS = 512;
  public static final int MAX_URL_CHARS = 2048;

  public static final int MAX_IDEMPOTENCY_KEY_CHARS = 255;

  /** A larger tensor goes to the store and the record carries its key and digest. */
  public static final int INLINE_PAYLOAD_BYTES = 1024 * 1024;

  /** Of a preview's PNG: 64 x 64 pixels fit, however they look. */
  public static final int MAX_PREVIEW_BYTES = 16 * 1024;

  /** Names of models and pools: keys of the catalogue, never joined to a path unchecked. */
  public static final String NAME_PATTERN = "[a-z0-9][a-z0-9._-]{0,63}";

  private Limits() {}
}
