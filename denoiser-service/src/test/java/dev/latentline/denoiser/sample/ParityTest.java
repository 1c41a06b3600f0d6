package dev.latentline.denoiser.sample;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.noise.NoiseSource;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.SchedulerConfig.BetaSchedule;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.catalogue.SchedulerConfig.TimestepSpacing;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every sampler against diffusers 0.42.1 and k-diffusion 0.1.1, which compute in fp32, from the
 * same seed of PyTorch's noise: parity makes the files.
 */
class ParityTest {
  /** Of the largest latent of a step. */
  private static final double BETWEEN = 2e-4;

  private static final double AT_THE_END = 5e-5;

  static Stream<Named<JsonNode>> cases() {
    return Stream.of(Sampler.values())
        .flatMap(ParityTest::cases)
        .map(one -> Named.of(one.path("sampler").asText() + " " + one.path("seed"), one));
  }

  private static Stream<JsonNode> cases(Sampler sampler) {
    try (InputStream file =
        ParityTest.class.getResourceAsStream("/parity/" + sampler.id() + ".json")) {
      return StreamSupport.stream(new JsonMapper().readTree(file).spliterator(), false);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void noSamplerIsLeftOut() {
    for (Sampler sampler : Sampler.values()) {
      assertThat(cases(sampler)).as(sampler.id()).hasSizeGreaterThan(1);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void latentsAreThoseOfTheOriginalAfterEveryStep(JsonNode one) {
    SchedulerConfig config = config(one.path("config"));
    TrainedNoise trained = TrainedNoise.of(config);
    Sampler name = Sampler.byId(one.path("sampler").asText()).orElseThrow();
    Schedule schedule = Schedule.byId(one.path("schedule").asText()).orElseThrow();
    Sigmas sigmas = Schedules.of(name, schedule, trained, one.path("steps").asInt());
    SamplerStep sampler = Samplers.of(name, options(name, config, one.path("options")));
    NoiseSource noise =
        NoiseSource.of(Rng.CPU, one.path("seed").asLong(), one.path("elements").asInt());

    SamplerState state =
        SamplerState.initial(Prediction.scaled(noise.draw(0), sigmas.initialScale()));
    JsonNode expected = one.path("latents");
    while (state.step() < sigmas.steps()) {
      state = called(sampler, state, sigmas, config, one.path("prompt").asDouble(), noise);
      boolean last = state.step() == sigmas.steps();
      if (state.call() == 0 && (last || expected.size() > 1)) {
        double end = sigmas.to(state.step() - 1);
        float[] actual =
            one.path("scaled").asBoolean()
                ? Prediction.networkInput(config.predictionType(), state.latents(), end)
                : state.latents();
        assertNear(
            actual,
            expected.path(expected.size() > 1 ? state.step() - 1 : 0),
            last ? AT_THE_END : BETWEEN,
            "step " + state.step());
      }
    }
  }

  private static SamplerState called(
      SamplerStep sampler,
      SamplerState state,
      Sigmas sigmas,
      SchedulerConfig config,
      double prompt,
      NoiseSource noise) {
    SamplerStep.Point asked = sampler.asks(state, sigmas, noise::draw);
    PredictionType type = config.predictionType();
    float[] predicted =
        answer(
            type,
            prompt,
            Prediction.networkInput(type, asked.latents(), asked.sigma()),
            sigmas.timestep(state.step(), asked.sigma()));
    return sampler.next(
        state,
        Prediction.denoised(type, asked.latents(), predicted, asked.sigma()),
        sigmas,
        noise::draw);
  }

  /** The network of parity/network.py. */
  private static float[] answer(
      PredictionType type, double prompt, float[] input, double timestep) {
    double base =
        switch (type) {
          case EPSILON -> 0.25;
          case V_PREDICTION -> -0.8;
          case SAMPLE -> 0.75;
          case FLOW -> -0.6;
        };
    double slope =
        switch (type) {
          case EPSILON -> 0.7;
          case V_PREDICTION -> 1.2;
          case SAMPLE -> -0.7;
          case FLOW -> 1.5;
        };
    float[] answer = new float[input.length];
    for (int i = 0; i < answer.length; i++) {
      double wave = Math.sin(1.3 * input[i] + timestep / 500 + prompt);
      answer[i] = (float) (input[i] * (base + slope * timestep / 1000) + 0.1 * wave);
    }
    return answer;
  }

  private static SamplerOptions options(Sampler name, SchedulerConfig config, JsonNode options) {
    SamplerOptions defaults = SamplerOptions.defaults(name);
    return new SamplerOptions(
        options.path("eta").asDouble(defaults.eta()),
        options.path("s_churn").asDouble(0),
        options.path("s_noise").asDouble(1),
        config.clipSample() ? OptionalDouble.of(config.clipSampleRange()) : OptionalDouble.empty());
  }

  private static SchedulerConfig config(JsonNode config) {
    boolean flow = config.has("shift");
    return new SchedulerConfig(
        config.path("num_train_timesteps").asInt(),
        constant(BetaSchedule.class, config, "beta_schedule", BetaSchedule.LINEAR),
        config.path("beta_start").asDouble(),
        config.path("beta_end").asDouble(),
        flow
            ? PredictionType.FLOW
            : constant(PredictionType.class, config, "prediction_type", null),
        constant(TimestepSpacing.class, config, "timestep_spacing", TimestepSpacing.LEADING),
        config.path("steps_offset").asInt(0),
        config.path("clip_sample").asBoolean(false),
        config.path("clip_sample_range").asDouble(1),
        config.path("set_alpha_to_one").asBoolean(true),
        config.path("rescale_betas_zero_snr").asBoolean(false),
        FlowShift.of(config.path("shift").asDouble(1)));
  }

  private static <E extends Enum<E>> E constant(
      Class<E> type, JsonNode config, String field, E absent) {
    return config.has(field)
        ? Enum.valueOf(type, config.path(field).asText().toUpperCase(Locale.ROOT))
        : absent;
  }

  private static void assertNear(float[] actual, JsonNode expected, double tolerance, String what) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs(expected.get(i).asDouble()));
      difference = Math.max(difference, Math.abs(expected.get(i).asDouble() - actual[i]));
    }
    assertThat(actual).hasSize(expected.size());
    assertThat(difference / largest).as(what).isLessThan(tolerance);
  }
}
