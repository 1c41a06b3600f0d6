package dev.latentline.denoiser.task;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.noise.Noise;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;

/**
 * One picture being denoised, a step at a time, so that several can take turns. What is left to do
 * depends on the plan and {@link #state()} alone. Not thread-safe.
 */
public final class StepTask {
  private final TaskPlan plan;
  private final NoisePredictor network;
  private SamplerState state;

  private StepTask(TaskPlan plan, NoisePredictor network, SamplerState state) {
    this.plan = plan;
    this.network = network;
    this.state = state;
  }

  /** From noise. */
  public static StepTask start(TaskPlan plan, NoisePredictor network) {
    float[] noise = Noise.draw(plan.seed(), 0, DenseTensor.elements(plan.shape()));
    return resume(
        plan,
        network,
        SamplerState.initial(Prediction.initialLatents(noise, plan.sigmas().from(0))));
  }

  /** From where another one stopped. */
  public static StepTask resume(TaskPlan plan, NoisePredictor network, SamplerState state) {
    if (state.latents().length != DenseTensor.elements(plan.shape())
        || state.step() > plan.steps()) {
      throw new IllegalArgumentException("the state is one of another plan");
    }
    return new StepTask(plan, network, state);
  }

  public TaskPlan plan() {
    return plan;
  }

  public SamplerState state() {
    return state;
  }

  public boolean done() {
    return state.step() == plan.steps();
  }

  /**
   * Makes the next step.
   *
   * @throws RunStoppedException when stop ended it; the state is as before
   * @throws Failure.Rejected with code {@code not_finite} when the numbers leave what fp32 holds
   */
  public void step(RunStop stop) {
    double sigma = plan.sigmas().from(state.step());
    float[] latents = state.latents();
    FloatTensor input = new FloatTensor(plan.shape(), Prediction.networkInput(latents, sigma));
    float[] predictions =
        network.predict(input, plan.sigmas().timestep(state.step()), plan.contexts(), stop).data();
    float[] predicted =
        plan.batch() == 1
            ? predictions
            : Guidance.combine(predictions, latents.length, plan.guidanceScale());
    float[] denoised = Prediction.denoised(plan.predicts(), latents, predicted, sigma);
    SamplerState next =
        plan.sampler()
            .next(
                state,
                denoised,
                plan.sigmas(),
                number -> Noise.draw(plan.seed(), number, latents.length));
    if (!new FloatTensor(plan.shape(), next.latents()).isFinite()) {
      throw new Failure.Rejected(
          "not_finite",
          "The picture's numbers overflowed in step "
              + next.step()
              + "; a smaller guidance_scale or another sampler may help");
    }
    state = next;
  }

  /** The finished latents, in the scale that the autoencoder was trained on. */
  public FloatTensor latents() {
    if (!done()) {
      throw new IllegalStateException("steps are left to do");
    }
    double end = plan.sigmas().to(plan.steps() - 1);
    return new FloatTensor(plan.shape(), Prediction.networkInput(state.latents(), end));
  }
}
