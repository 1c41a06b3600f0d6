package dev.latentline.denoiser.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.latentline.contract.Schedule;
import dev.latentline.inference.catalogue.SchedulerConfig.TimestepSpacing;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Golden values are those of diffusers 0.42.1, which computes in fp32. */
class SchedulesTest {
  private static final Percentage FP32 = Percentage.withPercentage(0.01);
  private final TrainedNoise starter = TrainedNoise.of(Configs.starter());
  private final TrainedNoise stableDiffusion = TrainedNoise.of(Configs.stableDiffusion());

  @Test
  void timestepsAreSpacedAsDiffusersSpacesThem() {
    assertThat(Schedules.timesteps(Configs.starter(TimestepSpacing.TRAILING), 7))
        .containsExactly(999, 856, 713, 570, 428, 285, 142);
    assertThat(Schedules.timesteps(Configs.starter(TimestepSpacing.LEADING), 7))
        .containsExactly(853, 711, 569, 427, 285, 143, 1);
    assertThat(Schedules.timesteps(Configs.starter(TimestepSpacing.LINSPACE), 7))
        .containsExactly(999, 832, 666, 500, 333, 166, 0);
  }

  @Test
  void everyNumberOfStepsGivesDescendingTimestepsWithinTraining() {
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      for (int steps = 1; steps <= 150; steps++) {
        int[] timesteps = Schedules.timesteps(Configs.starter(spacing), steps);
        assertThat(timesteps).hasSize(steps);
        assertThat(timesteps[0]).isLessThan(1000);
        assertThat(timesteps[steps - 1]).isGreaterThanOrEqualTo(0);
        for (int i = 1; i < steps; i++) {
          assertThat(timesteps[i]).isLessThan(timesteps[i - 1]);
        }
      }
    }
  }

  @Test
  void normalHasTheLevelsOfTheTimesteps() {
    assertLevels(
        Schedules.of(Schedule.NORMAL, starter, 10),
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
        Schedules.of(Schedule.NORMAL, stableDiffusion, 10),
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
  void karrasHasTheLevelsAndTimestepsOfDiffusers() {
    Sigmas karras = Schedules.of(Schedule.KARRAS, starter, 10);

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
    Sigmas ddim = Schedules.ofDdim(Schedule.NORMAL, stableDiffusion, 10);

    assertThat(ddim.to(9)).isEqualTo(stableDiffusion.sigma(0)).isPositive();
    assertThat(Schedules.ofDdim(Schedule.NORMAL, starter, 10).to(9)).isZero();
    assertThat(Schedules.ofDdim(Schedule.KARRAS, stableDiffusion, 10).to(9)).isZero();
  }

  @Test
  void oneStepStartsAtTheHighestLevel() {
    assertLevels(Schedules.of(Schedule.NORMAL, starter, 1), 157.4072723388672, 0);
    assertLevels(Schedules.of(Schedule.KARRAS, starter, 1), 157.4072723388672, 0);
  }

  @Test
  void moreStepsThanWereTrainedAreRefused() {
    assertThatThrownBy(() -> Schedules.of(Schedule.NORMAL, starter, 1001))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Schedules.of(Schedule.NORMAL, starter, 0))
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
