package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.SchedulerConfig.BetaSchedule;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.catalogue.SchedulerConfig.TimestepSpacing;

/** Scheduler configurations that the golden values of the tests were made with. */
public final class Configs {
  private Configs() {}

  /** The starter's. */
  public static SchedulerConfig starter() {
    return starter(TimestepSpacing.TRAILING);
  }

  static SchedulerConfig starter(TimestepSpacing spacing) {
    return new SchedulerConfig(
        1000,
        BetaSchedule.LINEAR,
        0.0001,
        0.02,
        PredictionType.V_PREDICTION,
        spacing,
        1,
        true,
        5,
        true);
  }

  /** Stable Diffusion 1.5's. */
  public static SchedulerConfig stableDiffusion() {
    return new SchedulerConfig(
        1000,
        BetaSchedule.SCALED_LINEAR,
        0.00085,
        0.012,
        PredictionType.EPSILON,
        TimestepSpacing.LEADING,
        1,
        false,
        1,
        false);
  }
}
