package dev.latentline.denoiser.task;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.denoiser.schedule.Schedules;
import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.SchedulerConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefinementTest {
  /** Stable Diffusion's. */
  private static final TrainedNoise NOISE =
      TrainedNoise.of(
          new SchedulerConfig(
              1000,
              SchedulerConfig.BetaSchedule.SCALED_LINEAR,
              0.00085,
              0.012,
              SchedulerConfig.PredictionType.EPSILON,
              SchedulerConfig.TimestepSpacing.LEADING,
              1,
              false,
              1,
              false,
              false,
              FlowShift.NONE));

  /** Counted of what diffusers 0.42.1's schedulers have as timesteps below the same. */
  @ParameterizedTest
  @CsvSource({
    "EULER,    NORMAL, 25, 0.8,   20",
    "EULER,    NORMAL, 5,  0.8,   4",
    "EULER,    NORMAL, 5,  0.799, 4",
    "EULER,    NORMAL, 5,  0.798, 3",
    "EULER,    NORMAL, 5,  0,     0",
    "EULER,    NORMAL, 5,  1,     5",
    "DPMPP_2M, NORMAL, 25, 0.8,   20",
    "DPMPP_2M, KARRAS, 25, 0.8,   16",
    // a single step, which diffusers would make at the lowest timestep
    "EULER,    NORMAL, 1,  0.8,   1",
  })
  void theRefinerBeginsBelowATimestep(
      Sampler sampler, Schedule schedule, int steps, double start, int from) {
    assertThat(Refinement.from(Schedules.of(sampler, schedule, NOISE, steps), 1000, start))
        .isEqualTo(from);
  }
}
