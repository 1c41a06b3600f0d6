package dev.latentline.denoiser.schedule;

import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.SchedulerConfig.BetaSchedule;
import dev.latentline.inference.catalogue.SchedulerConfig.PredictionType;
import dev.latentline.inference.catalogue.SchedulerConfig.TimestepSpacing;
import java.util.Optional;

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
        true,
        false,
        FlowShift.NONE);
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
        false,
        false,
        FlowShift.NONE);
  }

  /** Stable Diffusion's betas, rescaled. */
  static SchedulerConfig zeroTerminalSnr() {
    return new SchedulerConfig(
        1000,
        BetaSchedule.SCALED_LINEAR,
        0.00085,
        0.012,
        PredictionType.V_PREDICTION,
        TimestepSpacing.TRAILING,
        0,
        false,
        1,
        false,
        true,
        FlowShift.NONE);
  }

  /** Of flow matching, as SD 3's. */
  public static SchedulerConfig flow() {
    return new SchedulerConfig(
        1000,
        BetaSchedule.LINEAR,
        0,
        0,
        PredictionType.FLOW,
        TimestepSpacing.LINSPACE,
        0,
        false,
        1,
        true,
        false,
        FlowShift.of(3));
  }

  /** As FLUX.1 dev's, for a picture of so many tokens. */
  static SchedulerConfig flux(int tokens) {
    return new SchedulerConfig(
            1000,
            BetaSchedule.LINEAR,
            0,
            0,
            PredictionType.FLOW,
            TimestepSpacing.TRAILING,
            0,
            false,
            1,
            true,
            false,
            new FlowShift(3, Optional.of(new FlowShift.Dynamic(0.5, 1.15, 256, 4096))))
        .ofTokens(tokens);
  }

  /** Levels of the test's own. */
  public static Sigmas sigmas(double... levels) {
    return new Sigmas(TrainedNoise.of(starter()), levels, new double[levels.length - 1], 1);
  }
}
