package dev.latentline.denoiser.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.latentline.contract.Rng;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.noise.Noise;
import dev.latentline.denoiser.noise.NoiseSource;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SamplersTest {
  private static final float[] NOISE = Noise.draw(7, 0, 8);
  private static final SamplerStep.NoiseDraws DRAWS = number -> Noise.draw(7, number, 8);
  private final TrainedNoise starter = TrainedNoise.of(Configs.starter());

  @Test
  void ddimIsEulerUnlessX0LeavesTheRange() {
    Sigmas sigmas = Schedules.of(Sampler.EULER, Schedule.NORMAL, starter, 25);
    float[] initial = Prediction.scaled(NOISE, sigmas.initialScale());

    float[] euler = run(sampler(Sampler.EULER), sigmas, starter, initial);
    float[] ddim =
        run(
            Samplers.of(
                Sampler.DDIM,
                SamplerOptions.defaults(Sampler.DDIM).withRange(OptionalDouble.of(1000))),
            sigmas,
            starter,
            initial);

    for (int i = 0; i < 8; i++) {
      assertThat(ddim[i]).isCloseTo(euler[i], within(1e-5f));
    }
  }

  @Test
  void eulerAncestralSplitsEachStepAsKDiffusionDoes() {
    Sigmas sigmas = levels(4, 2, 0);
    SamplerStep sampler = sampler(Sampler.EULER_ANCESTRAL);
    float[] latents = {3};
    double up = Math.sqrt(4.0 * (16 - 4) / 16);
    double down = Math.sqrt(4 - up * up);

    SamplerState first =
        sampler.next(
            SamplerState.initial(latents),
            new float[] {1},
            sigmas,
            n -> new float[] {n == 1 ? 0.5f : Float.NaN});
    SamplerState last =
        sampler.next(first, new float[] {0.25f}, sigmas, n -> new float[] {Float.NaN});

    assertThat(first.latents()[0])
        .isCloseTo((float) (3 + (3 - 1) / 4.0 * (down - 4) + up * 0.5), within(1e-6f));
    assertThat(first.draws()).isEqualTo(2);
    assertThat(last.latents()).containsExactly(0.25f);
    assertThat(last.draws()).isEqualTo(2);
    assertThat(last.step()).isEqualTo(2);
  }

  /** For normal data of variance v the denoiser and the ODE's solution are known. */
  @ParameterizedTest
  @CsvSource({
    "EULER, 1",
    "DDIM, 1",
    "HEUN, 2",
    "DPM2, 2",
    "DPMPP_2M, 2",
    "DPMPP_2M_SDE, 2",
    "DPMPP_2M_SDE_HEUN, 2",
    "DPMPP_SDE, 2",
    "DPMPP_2S_ANCESTRAL, 2",
    "DPM2_ANCESTRAL, 2",
    "DEIS, 2",
    "DPMPP_3M_SDE, 2",
    "LMS, 3"
  })
  void errorsFallWithTheOrderOfTheMethod(Sampler name, int order) {
    double ratio = error(name, 60) / error(name, 120);

    // the last two start with steps of first order, which is what is seen
    assertThat(Math.log(ratio) / Math.log(2)).isBetween(order - 0.35, order + 0.6);
  }

  /** Added noise is the right amount when data of variance v comes out with it. */
  @ParameterizedTest
  @EnumSource(Sampler.class)
  void theVarianceOfTheDataComesOut(Sampler name) {
    assumeThat(name).isNotIn(Sampler.LCM, Sampler.TCD);
    int elements = 10_000;
    double variance = 0.25;
    double[] levels = Arrays.copyOf(geometric(400, 20, 0.02), 401);
    levels[400] = name == Sampler.DEIS ? levels[399] : 0;
    Sigmas sigmas = levels(levels);
    SamplerStep sampler = Samplers.of(name, SamplerOptions.defaults(name).withChurn(50));
    NoiseSource noise = NoiseSource.of(Rng.NV, 3, elements);
    SamplerState state =
        SamplerState.initial(
            Prediction.scaled(
                noise.draw(0), Math.sqrt(sigmas.from(0) * sigmas.from(0) + variance)));
    while (state.step() < sigmas.steps()) {
      state = answered(sampler, state, sigmas, variance, noise::draw);
    }
    double square = 0;
    for (float x : state.latents()) {
      square += x * x;
    }

    assertThat(square / elements).isCloseTo(variance, within(0.015));
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void aStepChangesNothingThatItWasGiven(Sampler name) {
    Sigmas sigmas = Schedules.of(name, Schedule.NORMAL, starter, 10);
    SamplerStep sampler = Samplers.of(name, SamplerOptions.defaults(name).withChurn(1));
    SamplerState state = SamplerState.initial(Prediction.scaled(NOISE, sigmas.initialScale()));
    for (int call = 0; call < 7; call++) {
      float[] latents = state.latents().clone();
      List<float[]> history = state.history().stream().map(float[]::clone).toList();
      float[] denoised = {1, 2, 3, 4, 5, 6, 7, call};
      float[] given = denoised.clone();

      SamplerState once = sampler.next(state, denoised, sigmas, DRAWS);
      SamplerState again = sampler.next(state, denoised, sigmas, DRAWS);

      assertThat(once).usingRecursiveComparison().isEqualTo(again);
      assertThat(state.latents()).isEqualTo(latents);
      assertThat(state.history()).usingRecursiveComparison().isEqualTo(history);
      assertThat(denoised).isEqualTo(given);
      assertThat(once.history()).hasSizeLessThanOrEqualTo(SamplerState.MAX_HISTORY);
      state = once;
    }
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void aStepAsksTheNetworkAsOftenAsItSays(Sampler name) {
    for (int steps = 1; steps <= 4; steps++) {
      Sigmas sigmas = Schedules.of(name, Schedule.KARRAS, starter, steps);
      SamplerState state = SamplerState.initial(NOISE);
      int calls = 0;
      while (state.step() < steps) {
        SamplerState next = sampler(name).next(state, NOISE, sigmas, DRAWS);
        calls++;
        if (next.step() > state.step()) {
          assertThat(calls).isEqualTo(sampler(name).calls(state.step(), sigmas));
          calls = 0;
        } else {
          assertThat(next.call()).isEqualTo(calls);
        }
        state = next;
      }
    }
  }

  private static double error(Sampler name, int steps) {
    double variance = 0.5;
    double high = 10;
    double low = 0.1;
    Sigmas sigmas = levels(geometric(steps + 1, high, low));
    SamplerStep sampler = Samplers.of(name, SamplerOptions.defaults(name).withEta(0));
    float start = 1000;
    SamplerState state = SamplerState.initial(new float[] {start});
    while (state.step() < steps) {
      state = answered(sampler, state, sigmas, variance, DRAWS);
    }
    double exact = start * Math.sqrt((variance + low * low) / (variance + high * high));
    return Math.abs(state.latents()[0] - exact);
  }

  /** By the perfect denoiser of normal data. */
  private static SamplerState answered(
      SamplerStep sampler,
      SamplerState state,
      Sigmas sigmas,
      double variance,
      SamplerStep.NoiseDraws noise) {
    SamplerStep.Point asked = sampler.asks(state, sigmas, noise);
    double kept = variance / (variance + asked.sigma() * asked.sigma());
    return sampler.next(state, mapped(asked.latents(), x -> x * kept), sigmas, noise);
  }

  private static SamplerStep sampler(Sampler name) {
    return Samplers.of(name, SamplerOptions.defaults(name));
  }

  private static double[] geometric(int count, double high, double low) {
    double[] levels = new double[count];
    for (int i = 0; i < count; i++) {
      levels[i] = high * Math.pow(low / high, i / (count - 1.0));
    }
    return levels;
  }

  private static Sigmas levels(double... levels) {
    return Configs.sigmas(levels);
  }

  private static float[] mapped(float[] values, DoubleUnaryOperator f) {
    float[] mapped = new float[values.length];
    for (int i = 0; i < mapped.length; i++) {
      mapped[i] = (float) f.applyAsDouble(values[i]);
    }
    return mapped;
  }

  private static float[] run(
      SamplerStep sampler, Sigmas sigmas, TrainedNoise trained, float[] initial) {
    PredictionType type = trained.config().predictionType();
    SamplerState state = SamplerState.initial(initial);
    while (state.step() < sigmas.steps()) {
      SamplerStep.Point asked = sampler.asks(state, sigmas, DRAWS);
      float[] input = Prediction.networkInput(type, asked.latents(), asked.sigma());
      double timestep = sigmas.timestep(state.step(), asked.sigma());
      float[] predicted = mapped(input, x -> Math.sin(x * 1.3 + timestep / 500) * 1.5);
      state =
          sampler.next(
              state,
              Prediction.denoised(type, asked.latents(), predicted, asked.sigma()),
              sigmas,
              DRAWS);
    }
    return state.latents();
  }
}
