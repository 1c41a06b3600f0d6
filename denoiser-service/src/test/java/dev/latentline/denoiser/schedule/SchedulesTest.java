package dev.latentline.denoiser.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.SchedulerConfig.TimestepSpacing;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Golden values are those of diffusers 0.42.1, which computes in fp32. */
class SchedulesTest {
  private static final Percentage FP32 = Percentage.withPercentage(0.01);
  private final TrainedNoise starter = TrainedNoise.of(Configs.starter());
  private final TrainedNoise flow = TrainedNoise.of(Configs.flow());
  private final TrainedNoise flux = TrainedNoise.of(Configs.flux(1024));
  private final TrainedNoise stableDiffusion = TrainedNoise.of(Configs.stableDiffusion());

  @Test
  void timestepsAreSpacedAsDiffusersSpacesThem() {
    assertThat(Layout.TIMESTEPS.timesteps(Configs.starter(TimestepSpacing.TRAILING), 7))
        .containsExactly(999, 856, 713, 570, 428, 285, 142);
    assertThat(Layout.TIMESTEPS.timesteps(Configs.starter(TimestepSpacing.LEADING), 7))
        .containsExactly(853, 711, 569, 427, 285, 143, 1);
    assertThat(Layout.TIMESTEPS.timesteps(Configs.starter(TimestepSpacing.LINSPACE), 7))
        .containsExactly(999, 832, 666, 500, 333, 166, 0);
    assertThat(Layout.SIGMAS.timesteps(Configs.starter(TimestepSpacing.LINSPACE), 7))
        .containsExactly(999, 832.5, 666, 499.5, 333, 166.5, 0);
    assertThat(Layout.MULTISTEP.timesteps(Configs.starter(TimestepSpacing.LEADING), 7))
        .containsExactly(876, 751, 626, 501, 376, 251, 126);
    assertThat(Layout.DISTILLED.timesteps(Configs.starter(), 4))
        .containsExactly(999, 759, 499, 259);
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void everyNumberOfStepsGivesDescendingTimestepsWithinTraining(Layout layout) {
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      for (int steps = 1; steps <= 150; steps++) {
        double[] timesteps = layout.timesteps(Configs.starter(spacing), steps);
        assertThat(timesteps).hasSize(steps);
        assertThat(timesteps[0]).isLessThan(1000);
        assertThat(timesteps[steps - 1]).isGreaterThanOrEqualTo(0);
        for (int i = 1; i < steps; i++) {
          assertThat(timesteps[i]).isLessThan(timesteps[i - 1]);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Schedule.class)
  void everyScheduleDescendsFromTheHighestLevelsWhateverTheNumberOfSteps(Schedule schedule) {
    for (TrainedNoise trained : List.of(starter, stableDiffusion, flow, flux)) {
      for (Sampler sampler : Sampler.values()) {
        for (int steps : new int[] {1, 2, 3, 20, 150}) {
          Sigmas sigmas = Schedules.of(sampler, schedule, trained, steps);
          assertThat(sigmas.steps()).isEqualTo(steps);
          assertThat(sigmas.from(0)).isLessThanOrEqualTo(trained.highest() * (1 + 1e-9));
          for (int i = 0; i < steps; i++) {
            assertThat(sigmas.to(i)).isLessThanOrEqualTo(sigmas.from(i) * (1 + 1e-9));
            assertThat(sigmas.from(i)).isPositive();
            assertThat(sigmas.timestep(i)).isBetween(0.0, 1000.0);
          }
        }
      }
    }
  }

  @Test
  void quantilesOfTheBetaDistributionAreThoseOfScipy() {
    assertThat(BetaQuantile.symmetric(0.6, 0)).isCloseTo(0, within(1e-12));
    assertThat(BetaQuantile.symmetric(0.6, 0.01)).isCloseTo(0.0008612388215429059, within(1e-12));
    assertThat(BetaQuantile.symmetric(0.6, 0.3)).isCloseTo(0.23401700387523572, within(1e-12));
    assertThat(BetaQuantile.symmetric(0.6, 0.5)).isCloseTo(0.5, within(1e-12));
    assertThat(BetaQuantile.symmetric(0.6, 0.9)).isCloseTo(0.9604155944112192, within(1e-12));
    assertThat(BetaQuantile.symmetric(0.6, 1)).isEqualTo(1);
  }

  @Test
  void withoutSignalAtTheEndTheHighestLevelIsThatOfDiffusers() {
    assertThat(TrainedNoise.of(Configs.zeroTerminalSnr()).highest()).isCloseTo(4096, within(1e-3));
  }

  @Test
  void normalHasTheLevelsOfTheTimesteps() {
    assertLevels(
        Schedules.of(Sampler.DDIM, Schedule.NORMAL, starter, 10),
        157.4072723388672,
        60.27141571044922,
        25.528484344482422,
        11.939519882202148,
        6.135210037231445,
        3.4241368770599365,
        2.0308516025543213,
        1.2339283227920532,
        0.7192787528038025,
        0.3388286828994751,
        0);
    assertLevels(
        Schedules.of(Sampler.EULER, Schedule.NORMAL, stableDiffusion, 10),
        8.390686988830566,
        5.134433269500732,
        3.3477649688720703,
        2.2928547859191895,
        1.6236929893493652,
        1.1682164669036865,
        0.8356532454490662,
        0.574050784111023,
        0.3461872935295105,
        0.04131447896361351,
        0);
  }

  @Test
  void normalOfFluxIsShiftedByTheSizeOfThePicture() {
    assertLevels(
        Schedules.of(Sampler.EULER, Schedule.NORMAL, flux, 7),
        1,
        0.91847163438797,
        0.8243773579597473,
        0.714569628238678,
        0.5847535133361816,
        0.4289122223854065,
        0.23834773898124695,
        0);
    // exp(0.5) and exp(1.15) times the odds of 3 to 1
    assertThat(secondOfFour(256)).isCloseTo(0.8318243, within(1e-6));
    assertThat(secondOfFour(4096)).isCloseTo(0.9045308, within(1e-6));
  }

  private static double secondOfFour(int tokens) {
    TrainedNoise trained = TrainedNoise.of(Configs.flux(tokens));
    return Schedules.of(Sampler.EULER, Schedule.NORMAL, trained, 4).from(1);
  }

  @Test
  void karrasHasTheLevelsAndTimestepsOfDiffusers() {
    Sigmas karras = Schedules.of(Sampler.DPMPP_2M, Schedule.KARRAS, starter, 10);

    assertLevels(
        karras,
        157.4072723388672,
        85.71073150634766,
        44.04764938354492,
        21.10560417175293,
        9.274740219116211,
        3.6526403427124023,
        1.2463603019714355,
        0.34970614314079285,
        0.0739302858710289,
        0.010001329705119133,
        0);
    int[] timesteps = {999, 937, 864, 775, 663, 511, 301, 102, 18, 0};
    for (int i = 0; i < timesteps.length; i++) {
      assertThat(Math.rint(karras.timestep(i))).isEqualTo(timesteps[i]);
    }
  }

  @Test
  void ddimEndsAtTheFirstTimestepOfTrainingWhereTheModelSaysSo() {
    Sigmas ddim = Schedules.of(Sampler.DDIM, Schedule.NORMAL, stableDiffusion, 10);

    assertThat(ddim.to(9)).isEqualTo(stableDiffusion.sigma(0)).isPositive();
    assertThat(Schedules.of(Sampler.DDIM, Schedule.NORMAL, starter, 10).to(9)).isZero();
    assertThat(Schedules.of(Sampler.DDIM, Schedule.KARRAS, stableDiffusion, 10).to(9)).isZero();
  }

  @Test
  void simpleTakesTheLevelsThatComfyUiTakesAlsoWhereRoundingDecides() {
    // int(i * (1000 / n)) of Python for step i of n; i / n * 1000 would be a level further
    int[][] rounded = {{38, 19, 499}, {76, 19, 249}, {76, 38, 499}, {122, 61, 499}};
    for (int[] one : rounded) {
      assertThat(Schedules.of(Sampler.EULER, Schedule.SIMPLE, starter, one[0]).from(one[1]))
          .isEqualTo(starter.sigma(999 - one[2]));
    }
    assertThat(Schedules.of(Sampler.EULER, Schedule.SIMPLE, starter, 7).from(3))
        .isEqualTo(starter.sigma(999 - 428));
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void oneStepStartsWhereLittleIsLeftOfThePicture(Sampler sampler) {
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      TrainedNoise trained = TrainedNoise.of(Configs.starter(spacing));
      Sigmas one = Schedules.of(sampler, Schedule.NORMAL, trained, 1);
      // diffusers' multistep solvers of one more step leave out the last
      double lowest = trained.sigma(501);
      assertThat(one.from(0)).as("%s", spacing).isGreaterThanOrEqualTo(lowest);
    }
  }

  @Test
  void oneStepStartsAtTheHighestLevel() {
    for (Sampler sampler : List.of(Sampler.EULER, Sampler.DDIM, Sampler.PNDM)) {
      assertThat(Schedules.of(sampler, Schedule.NORMAL, stableDiffusion, 1).from(0))
          .isEqualTo(stableDiffusion.highest());
    }
    assertLevels(Schedules.of(Sampler.DDIM, Schedule.NORMAL, starter, 1), 157.4072723388672, 0);
    assertLevels(Schedules.of(Sampler.DDIM, Schedule.KARRAS, starter, 1), 157.4072723388672, 0);
  }

  @Test
  void moreStepsThanWereTrainedAreRefused() {
    assertThatThrownBy(() -> Schedules.of(Sampler.DDIM, Schedule.NORMAL, starter, 1001))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Schedules.of(Sampler.DDIM, Schedule.NORMAL, starter, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void timestepsAndLevelsAreEachOthersInverse() {
    for (int timestep : new int[] {0, 1, 39, 500, 998, 999}) {
      assertThat(starter.timestep(starter.sigma(timestep))).isCloseTo(timestep, within(1e-9));
    }
    double between = Math.sqrt(starter.sigma(500) * starter.sigma(501));
    assertThat(starter.timestep(between)).isCloseTo(500.5, within(1e-9));
    assertThat(starter.timestep(1e9)).isEqualTo(999);
    assertThat(starter.timestep(0)).isZero();
  }

  private static void assertLevels(Sigmas sigmas, double... levels) {
    assertThat(sigmas.steps()).isEqualTo(levels.length - 1);
    for (int i = 0; i < sigmas.steps(); i++) {
      assertThat(sigmas.from(i)).isCloseTo(levels[i], FP32);
      assertThat(sigmas.to(i)).isCloseTo(levels[i + 1], FP32);
    }
  }
}
