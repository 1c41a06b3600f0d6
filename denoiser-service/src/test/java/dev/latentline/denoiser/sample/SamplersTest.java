package dev.latentline.denoiser.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.noise.Noise;
import dev.latentline.denoiser.schedule.Configs;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.Sigmas;
import dev.latentline.denoiser.schedule.TrainedNoise;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SamplersTest {
  private static final float[] NOISE = Noise.draw(7, 0, 8);
  private static final SamplerStep.NoiseDraws DRAWS = number -> Noise.draw(7, number, 8);
  private final TrainedNoise starter = TrainedNoise.of(Configs.starter());
  private final TrainedNoise stableDiffusion = TrainedNoise.of(Configs.stableDiffusion());

  // Golden values: diffusers 0.42.1, ten steps from the same noise, with the network of predict().

  @Test
  void ddimIsThatOfDiffusersWithX0HeldInItsRange() {
    SamplerStep ddim = Samplers.of(Sampler.DDIM, OptionalDouble.of(1.25));

    assertRun(
        run(ddim, Schedules.ofDdim(Schedule.NORMAL, starter, 10), starter, initial(157.40727)),
        -0.21712402999401093f,
        -0.1566040962934494f,
        -0.216672882437706f,
        -0.18681296706199646f,
        -0.22478382289409637f,
        -0.229862779378891f,
        -0.22491677105426788f,
        -0.2280387282371521f);
  }

  @Test
  void ddimIsThatOfDiffusersWhereItEndsAboveZero() {
    Sigmas sigmas = Schedules.ofDdim(Schedule.NORMAL, stableDiffusion, 10);
    SamplerStep ddim = Samplers.of(Sampler.DDIM, OptionalDouble.empty());

    float[] end = run(ddim, sigmas, stableDiffusion, initial(sigmas.from(0)));

    assertRun(
        Prediction.networkInput(end, sigmas.to(9)),
        -3.4957773685455322f,
        10.473305702209473f,
        -3.283280849456787f,
        -0.2325795590877533f,
        -5.597762107849121f,
        -6.317525386810303f,
        -5.615323543548584f,
        -6.04389762878418f);
  }

  @Test
  void eulerIsThatOfDiffusers() {
    SamplerStep euler = Samplers.of(Sampler.EULER, OptionalDouble.empty());
    float[] initial = new float[8];
    for (int i = 0; i < 8; i++) {
      initial[i] = NOISE[i] * 157.4072723388672f;
    }

    assertRun(
        run(euler, Schedules.of(Schedule.NORMAL, starter, 10), starter, initial),
        -0.2175195813179016f,
        -0.15660753846168518f,
        -0.21710304915905f,
        -0.18889260292053223f,
        -0.22478362917900085f,
        -0.22986243665218353f,
        -0.2249165177345276f,
        -0.22803843021392822f);
    assertRun(
        run(
            euler,
            Schedules.of(Schedule.NORMAL, stableDiffusion, 10),
            stableDiffusion,
            initial(8.390686988830566)),
        -3.540192127227783f,
        10.439467430114746f,
        -3.3237035274505615f,
        -0.21944069862365723f,
        -5.563119411468506f,
        -6.279506683349609f,
        -5.580159664154053f,
        -6.002727508544922f);
  }

  @Test
  void dpmPlusPlusIsThatOfDiffusersInBothSchedules() {
    SamplerStep dpm = Samplers.of(Sampler.DPMPP_2M, OptionalDouble.empty());

    assertRun(
        run(dpm, Schedules.of(Schedule.NORMAL, starter, 10), starter, initial(157.40727)),
        -0.21146418154239655f,
        -0.10593393445014954f,
        -0.21013933420181274f,
        -0.14523272216320038f,
        -0.2356088012456894f,
        -0.2524576783180237f,
        -0.23605747520923615f,
        -0.24650093913078308f);
    assertRun(
        run(dpm, Schedules.of(Schedule.KARRAS, starter, 10), starter, initial(157.40727)),
        -0.14214983582496643f,
        0.1457916498184204f,
        -0.1343255639076233f,
        0.12592467665672302f,
        -0.28787732124328613f,
        -0.38611260056495667f,
        -0.290571391582489f,
        -0.35221195220947266f);
  }

  @Test
  void ddimIsEulerUnlessX0LeavesTheRange() {
    Sigmas sigmas = Schedules.of(Schedule.NORMAL, starter, 25);
    float[] initial = initial(sigmas.from(0));

    float[] euler =
        run(Samplers.of(Sampler.EULER, OptionalDouble.empty()), sigmas, starter, initial);
    float[] ddim =
        run(Samplers.of(Sampler.DDIM, OptionalDouble.of(1000)), sigmas, starter, initial);

    for (int i = 0; i < 8; i++) {
      assertThat(ddim[i]).isCloseTo(euler[i], within(1e-5f));
    }
  }

  @Test
  void eulerAncestralSplitsEachStepAsKDiffusionDoes() {
    Sigmas sigmas = new Sigmas(new double[] {4, 2, 0}, new double[] {1, 0});
    SamplerStep sampler = Samplers.of(Sampler.EULER_ANCESTRAL, OptionalDouble.empty());
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
  @Test
  void errorsFallWithTheOrderOfTheMethod() {
    assertThat(error(Sampler.EULER, 80) / error(Sampler.EULER, 160)).isBetween(1.8, 2.2);
    assertThat(error(Sampler.DDIM, 80) / error(Sampler.DDIM, 160)).isBetween(1.8, 2.2);
    assertThat(error(Sampler.DPMPP_2M, 80) / error(Sampler.DPMPP_2M, 160)).isBetween(3.5, 4.5);
    assertThat(error(Sampler.DPMPP_2M, 160)).isLessThan(error(Sampler.EULER, 160) / 10);
  }

  /** Ancestral noise is the right amount when data of variance v comes out with it. */
  @Test
  void ancestralSamplingKeepsTheVarianceOfTheData() {
    int elements = 10_000;
    double variance = 0.25;
    Sigmas sigmas = levels(400, 20, 0.002, 0);
    SamplerStep sampler = Samplers.of(Sampler.EULER_ANCESTRAL, OptionalDouble.empty());
    SamplerState state =
        SamplerState.initial(Prediction.initialLatents(Noise.draw(3, 0, elements), sigmas.from(0)));
    while (state.step() < sigmas.steps()) {
      double from = sigmas.from(state.step());
      state =
          sampler.next(
              state,
              mapped(state.latents(), x -> x * variance / (variance + from * from)),
              sigmas,
              number -> Noise.draw(3, number, elements));
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
    Sigmas sigmas = Schedules.of(Schedule.NORMAL, starter, 10);
    SamplerStep sampler = Samplers.of(name, OptionalDouble.of(5));
    SamplerState state = SamplerState.initial(initial(sigmas.from(0)));
    state = sampler.next(state, NOISE.clone(), sigmas, DRAWS);
    float[] latents = state.latents().clone();
    float[] denoised = {1, 2, 3, 4, 5, 6, 7, 8};
    float[] given = denoised.clone();

    SamplerState once = sampler.next(state, denoised, sigmas, DRAWS);
    SamplerState again = sampler.next(state, denoised, sigmas, DRAWS);

    assertThat(once.latents()).isEqualTo(again.latents());
    assertThat(state.latents()).isEqualTo(latents);
    assertThat(denoised).isEqualTo(given);
    assertThat(once.step()).isEqualTo(2);
  }

  private static double error(Sampler name, int steps) {
    double variance = 0.5;
    double high = 10;
    double low = 0.1;
    Sigmas sigmas = levels(steps, high, low, low);
    SamplerStep sampler = Samplers.of(name, OptionalDouble.empty());
    float start = 1000;
    SamplerState state = SamplerState.initial(new float[] {start});
    while (state.step() < steps) {
      double from = sigmas.from(state.step());
      float[] denoised = mapped(state.latents(), x -> x * variance / (variance + from * from));
      state = sampler.next(state, denoised, sigmas, DRAWS);
    }
    double exact = start * Math.sqrt((variance + low * low) / (variance + high * high));
    return Math.abs(state.latents()[0] - exact);
  }

  private static Sigmas levels(int steps, double high, double low, double end) {
    double[] levels = new double[steps + 1];
    int intervals = end == low ? steps : steps - 1;
    for (int i = 0; i <= steps; i++) {
      levels[i] = high * Math.pow(low / high, i / (double) intervals);
    }
    levels[steps] = end;
    return new Sigmas(levels, new double[steps]);
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
    SamplerState state = SamplerState.initial(initial);
    while (state.step() < sigmas.steps()) {
      double sigma = sigmas.from(state.step());
      float[] input = Prediction.networkInput(state.latents(), sigma);
      float[] predicted = predict(input, Math.rint(sigmas.timestep(state.step())));
      float[] denoised =
          Prediction.denoised(trained.config().predictionType(), state.latents(), predicted, sigma);
      state = sampler.next(state, denoised, sigmas, DRAWS);
    }
    return state.latents();
  }

  private static float[] predict(float[] input, double timestep) {
    return mapped(input, x -> Math.sin(x * 1.3 + timestep / 500) * 1.5);
  }

  private static float[] initial(double sigma) {
    return Prediction.initialLatents(NOISE, sigma);
  }

  private static void assertRun(float[] actual, float... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(3e-4f));
    }
  }
}
