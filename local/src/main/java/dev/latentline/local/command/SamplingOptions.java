package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.local.CliException;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Option;

/** How pictures are sampled; what is left out is the model's or the sampler's choice. */
final class SamplingOptions {
  @Option(
      names = "--sampler",
      paramLabel = "NAME",
      completionCandidates = Samplers.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private String sampler;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      completionCandidates = Schedules.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private String schedule;

  @Option(
      names = "--guidance-rescale",
      paramLabel = "0..1",
      description = "How much of the contrast that guidance adds is taken back.")
  private Float guidanceRescale;

  @Option(
      names = "--eta",
      paramLabel = "0..1",
      description = "Noise that steps add, of samplers that add any.")
  private Float eta;

  @Option(
      names = "--s-churn",
      paramLabel = "0..100",
      description = "Noise before steps, with euler, heun and dpm2.")
  private Float churn;

  @Option(
      names = "--s-noise",
      paramLabel = "0..2",
      description = "What the noise of steps is multiplied by.")
  private Float noiseScale;

  @Option(
      names = "--rng",
      paramLabel = "nv|cpu",
      description = "Noise as NVIDIA's GPUs (default) or PyTorch on a CPU draw it.")
  private String rng;

  @Option(
      names = "--deterministic",
      description = "On a GPU: the same bits whatever else is made there.")
  private boolean deterministic;

  /** Names for the help text. */
  static final class Samplers implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Sampler.ids().iterator();
    }
  }

  /** Names for the help text. */
  static final class Schedules implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Schedule.ids().iterator();
    }
  }

  /** What a gateway would refuse whatever its models are. */
  void check() {
    oneOf("--sampler", sampler, Sampler.ids());
    oneOf("--schedule", schedule, Schedule.ids());
    oneOf("--rng", rng, Rng.ids());
    range("--guidance-rescale", guidanceRescale, Limits.MAX_PART);
    range("--eta", eta, Limits.MAX_PART);
    range("--s-churn", churn, Limits.MAX_CHURN);
    range("--s-noise", noiseScale, Limits.MAX_NOISE_SCALE);
  }

  void addTo(ObjectNode body) {
    put(body, "sampler", sampler);
    put(body, "schedule", schedule);
    put(body, "rng", rng);
    put(body, "guidance_rescale", guidanceRescale);
    put(body, "eta", eta);
    put(body, "s_churn", churn);
    put(body, "s_noise", noiseScale);
    if (deterministic) {
      body.put("deterministic", true);
    }
  }

  private static void put(ObjectNode body, String field, String value) {
    if (value != null) {
      body.put(field, value);
    }
  }

  private static void put(ObjectNode body, String field, Float value) {
    if (value != null) {
      body.put(field, value);
    }
  }

  private static void oneOf(String name, String value, List<String> allowed) {
    if (value != null && !allowed.contains(value)) {
      throw CliException.usage(
          name + " " + value + ": choose one of " + String.join(", ", allowed));
    }
  }

  private static void range(String name, Float value, float max) {
    if (value != null && !(value >= 0 && value <= max)) {
      throw CliException.usage(
          String.format("%s %s: give a number from 0 to %.0f", name, value, max));
    }
  }
}
