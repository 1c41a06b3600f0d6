package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.local.CliException;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import dev.latentline.local.client.Generation;
import dev.latentline.local.client.Model;
import dev.latentline.local.stack.EmbeddedStack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Pictures from a prompt; prints the path of each file it wrote and nothing else on stdout. */
@Command(
    name = "generate",
    description = "Make pictures from a prompt.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class GenerateCommand implements Callable<Integer> {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,6})[xX*](\\d{1,6})");

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "PROMPT",
      description = "What the pictures show; not needed with an --image-prompt.")
  private String prompt;

  @Option(names = "--negative-prompt", paramLabel = "TEXT", description = "What they do not show.")
  private String negativePrompt;

  @Mixin private PromptOptions prompts = new PromptOptions();

  @Option(names = "--model", description = "Model; see latentline models list.")
  private String model;

  @Option(names = "--seed", paramLabel = "N", description = "Of the first picture; random without.")
  private Long seed;

  @Option(names = "--steps", paramLabel = "N", description = "Sampler steps.")
  private Integer steps;

  @Option(names = "--guidance-scale", paramLabel = "X", description = "How close to the prompt.")
  private Float guidanceScale;

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Mixin private LoraOptions loras = new LoraOptions();

  @Mixin private RefinerOptions refiner = new RefinerOptions();

  @Mixin private ControlOptions controls = new ControlOptions();

  @Mixin private ImagePromptOptions imagePrompts = new ImagePromptOptions();

  @Option(names = "--size", paramLabel = "WxH", description = "In pixels, multiples of 8.")
  private String size;

  @Option(
      names = "--upscale",
      paramLabel = "2|4",
      description = "Enlarge the pictures by a network; sides of up to 4096.")
  private Integer upscale;

  @Option(names = "--upscaler", paramLabel = "NAME", description = "What enlarges them.")
  private String upscaler;

  @Option(names = "--count", paramLabel = "N", description = "Pictures; each has its own seed.")
  private int count = 1;

  @Option(
      names = "--out",
      paramLabel = "FILE|DIR",
      description = "A file that ends in .png, or a folder. Default: this folder.")
  private String out;

  @Option(names = "--timeout", paramLabel = "SECONDS", description = "Default: 600.")
  private int timeout = 600;

  @Mixin private StackOptions options = new StackOptions();

  @Override
  public Integer call() {
    check();
    OutputPlan plan = OutputPlan.of(out, count);
    try (Progress progress = Progress.toStderr();
        StackAccess access = StackAccess.open(options, progress, this::checkModelFolder)) {
      GatewayClient gateway = access.gateway();
      GenerationRun run = new GenerationRun(gateway, progress, timeout);
      String id = run.submit(body(gateway, run));
      ChildProcess.atShutdown(() -> run.breakOff(id));
      Generation generation = run.await(id);
      List<Path> files =
          generation.images().stream()
              .map(image -> plan.write(id, image.index(), run.download(image)))
              .toList();
      progress.finish();
      generation.images().stream()
          .filter(Generation.Image::flagged)
          .map(
              image ->
                  String.format(
                      "the safety checker found picture %d unsafe%s",
                      image.index(), image.blurred() ? ", so it is blurred" : ""))
          .forEach(progress::note);
      files.forEach(System.out::println);
      if (!generation.hasSucceeded()) {
        throw CliException.failed(failure(generation));
      }
      return 0;
    }
  }

  private void check() {
    if ((prompt == null || prompt.isBlank()) && !imagePrompts.say()) {
      throw CliException.usage(
          (prompt == null ? "there is no prompt" : "the prompt is empty")
              + ": say what the picture shows, in words or by an --image-prompt");
    }
    range("--count", count, Limits.MIN_COUNT, Limits.MAX_COUNT);
    range("--timeout", timeout, 1, Limits.MAX_DEADLINE.toSeconds());
    if (steps != null) {
      range("--steps", steps, Limits.MIN_STEPS, Limits.MAX_STEPS);
    }
    if (seed != null) {
      range("--seed", seed, 0, Limits.MAX_SEED);
    }
    if (guidanceScale != null
        && !(guidanceScale >= Limits.MIN_GUIDANCE_SCALE
            && guidanceScale <= Limits.MAX_GUIDANCE_SCALE)) {
      throw CliException.usage(
          String.format(
              "--guidance-scale %s: give a number from %.0f to %.0f",
              guidanceScale, Limits.MIN_GUIDANCE_SCALE, Limits.MAX_GUIDANCE_SCALE));
    }
    prompts.check();
    sampling.check();
    loras.check();
    refiner.check();
    controls.check();
    imagePrompts.check();
    size();
    if (upscale != null && !Limits.UPSCALE_FACTORS.contains(upscale)) {
      throw CliException.usage(
          "--upscale " + upscale + ": choose one of " + Limits.UPSCALE_FACTORS);
    }
    if (upscaler != null && (upscale == null || upscale == 1)) {
      throw CliException.usage("--upscaler " + upscaler + ": say by how much, as --upscale 4");
    }
  }

  private ObjectNode body(GatewayClient gateway, GenerationRun run) {
    ObjectNode body = gateway.request();
    body.put("model", model == null ? firstModel(gateway) : model);
    put(body, "prompt", prompt);
    put(body, "negative_prompt", negativePrompt);
    prompts.addTo(body);
    sampling.addTo(body);
    loras.addTo(body);
    refiner.addTo(body);
    controls.addTo(body, run::upload);
    imagePrompts.addTo(body, run::upload);
    if (seed != null) {
      body.put("seed", seed);
    }
    if (steps != null) {
      body.put("steps", steps);
    }
    if (guidanceScale != null) {
      body.put("guidance_scale", guidanceScale);
    }
    size().ifPresent(wanted -> body.put("width", wanted.width()).put("height", wanted.height()));
    if (upscale != null) {
      body.put("upscale", upscale);
    }
    put(body, "upscaler", upscaler);
    body.put("count", count);
    body.put("deadline_s", timeout);
    return body;
  }

  /** Before a stack is started only to say that there is no such model. */
  private void checkModelFolder(EmbeddedStack stack) {
    if (model == null || !Files.isDirectory(stack.models().get(0))) {
      return;
    }
    String name = model.replaceFirst("@.*", "");
    List<Model> known = LocalModels.in(stack.models());
    if (known.stream().noneMatch(each -> each.isCalled(name))) {
      throw CliException.usage(
          "there is no model "
              + model
              + ": choose one of "
              + known.stream().map(Model::id).collect(Collectors.joining(", ")));
    }
  }

  private static String firstModel(GatewayClient gateway) {
    try {
      List<Model> models = gateway.models();
      if (models.isEmpty()) {
        throw CliException.failed("the gateway at " + gateway.shown() + " offers no model");
      }
      return models.get(0).id();
    } catch (GatewayException e) {
      throw CliException.failed(e.with("see latentline status, then try again"));
    }
  }

  private String failure(Generation generation) {
    String reason =
        Stream.of(generation.errorMessage(), generation.errorCode())
            .filter(text -> !text.isEmpty())
            .findFirst()
            .orElse("no reason was given");
    return String.format(
        "generation %s %s (%s), %d of %d pictures written: change the request or try again",
        generation.id(),
        generation.status().equals("cancelled") ? "was cancelled" : "failed",
        reason,
        generation.images().size(),
        count);
  }

  /** Width and height in pixels. */
  private record Size(int width, int height) {}

  private Optional<Size> size() {
    if (size == null) {
      return Optional.empty();
    }
    Matcher matcher = SIZE.matcher(size);
    if (!matcher.matches()) {
      throw CliException.usage("--size " + size + ": write WIDTHxHEIGHT, as 128x128");
    }
    Size wanted = new Size(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    for (int side : new int[] {wanted.width(), wanted.height()}) {
      if (side % Limits.SIZE_MULTIPLE != 0) {
        int below = Math.max(Limits.MIN_SIDE, side - side % Limits.SIZE_MULTIPLE);
        throw CliException.usage(
            String.format(
                "--size %s: %d is not a multiple of %d, take %d or %d",
                size, side, Limits.SIZE_MULTIPLE, below, below + Limits.SIZE_MULTIPLE));
      }
      range("--size " + size + ": a side", side, Limits.MIN_SIDE, Limits.MAX_SIDE);
    }
    return Optional.of(wanted);
  }

  static void range(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw CliException.usage(
          String.format("%s is %d: give a number from %d to %d", name, value, min, max));
    }
  }

  private static void put(ObjectNode body, String field, String value) {
    if (value != null) {
      body.put(field, value);
    }
  }
}
