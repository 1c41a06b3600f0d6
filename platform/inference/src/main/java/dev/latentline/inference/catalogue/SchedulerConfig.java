package dev.latentline.inference.catalogue;

import java.util.Objects;

/**
 * How the model was trained to see noise: diffusers' scheduler_config.json, as far as it decides
 * the numbers. Which sampler runs is the request's choice, so the class named in the file is not
 * read.
 *
 * @param stepsOffset added to the timesteps in {@link TimestepSpacing#LEADING}
 * @param clipSample whether predicted x0 is held within +-clipSampleRange
 * @param setAlphaToOne whether the last step goes to a cumulative alpha of 1, or to the first of
 *     training
 * @param rescaleBetasZeroSnr whether the betas are rescaled so that nothing is left of the picture
 *     at the last timestep (Lin et al. 2023, arXiv:2305.08891)
 * @param flowShift of the sigmas of {@link PredictionType#FLOW}: none of others
 */
public record SchedulerConfig(
    int trainTimesteps,
    BetaSchedule betaSchedule,
    double betaStart,
    double betaEnd,
    PredictionType predictionType,
    TimestepSpacing timestepSpacing,
    int stepsOffset,
    boolean clipSample,
    double clipSampleRange,
    boolean setAlphaToOne,
    boolean rescaleBetasZeroSnr,
    FlowShift flowShift) {

  /**
   * The same for a picture of one size.
   *
   * @param tokens how many tokens it is to the network
   */
  public SchedulerConfig ofTokens(long tokens) {
    return new SchedulerConfig(
        trainTimesteps,
        betaSchedule,
        betaStart,
        betaEnd,
        predictionType,
        timestepSpacing,
        stepsOffset,
        clipSample,
        clipSampleRange,
        setAlphaToOne,
        rescaleBetasZeroSnr,
        flowShift.ofTokens(tokens));
  }

  /** Whether a timestep means the same noise to both. */
  public boolean hasNoiseOf(SchedulerConfig other) {
    return trainTimesteps == other.trainTimesteps
        && betaSchedule == other.betaSchedule
        && betaStart == other.betaStart
        && betaEnd == other.betaEnd
        && rescaleBetasZeroSnr == other.rescaleBetasZeroSnr
        && Objects.equals(flowShift, other.flowShift)
        && (predictionType == PredictionType.FLOW) == (other.predictionType == PredictionType.FLOW);
  }

  /** The curve of beta over the training timesteps. */
  public enum BetaSchedule {
    /** Evenly spaced betas. */
    LINEAR,
    /** Squares of evenly spaced roots of betas, as Stable Diffusion was trained. */
    SCALED_LINEAR
  }

  /** What the network returns. */
  public enum PredictionType {
    /** The noise. */
    EPSILON,
    /** The velocity of Salimans and Ho 2022 (arXiv:2202.00512). */
    V_PREDICTION,
    /** The picture. */
    SAMPLE,
    /** The velocity of flow matching, noise - picture (Lipman et al. 2023, arXiv:2210.02747). */
    FLOW
  }

  /** Lin et al. 2023 (arXiv:2305.08891), table 2. */
  public enum TimestepSpacing {
    LEADING,
    TRAILING,
    LINSPACE
  }
}
