package dev.latentline.denoiser.task;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.noise.Noise;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Optional;

/**
 * One picture being denoised, a step at a time, so that several can take turns or share a call of
 * the network. What is left to do depends on the plan and {@link #state()} alone. Not thread-safe.
 */
public final class StepTask {
  private final TaskPlan plan;
  private SamplerState state;
  private Optional<float[]> denoised = Optional.empty();

  private StepTask(TaskPlan plan, SamplerState state) {
    this.plan = plan;
    this.state = state;
  }

  /** From noise. */
  public static StepTask start(TaskPlan plan) {
    float[] noise = Noise.draw(plan.seed(), 0, DenseTensor.elements(plan.shape()));
    return resume(
        plan, SamplerState.initial(Prediction.initialLatents(noise, plan.sigmas().from(0))));
  }

  /**
   * From where another one stopped.
   *
   * @throws IllegalArgumentException when the state is one of another plan
   */
  public static StepTask resume(TaskPlan plan, SamplerState state) {
    if (!plan.fits(state)) {
      throw new IllegalArgumentException("the state is one of another plan");
    }
    return new StepTask(plan, state);
  }

  public TaskPlan plan() {
    return plan;
  }

  public SamplerState state() {
    return state;
  }

  /** x0 that the network saw in the newest step; empty before one was made here. */
  public Optional<float[]> denoised() {
    return denoised;
  }

  public boolean done() {
    return state.step() == plan.steps();
  }

  public int stepsLeft() {
    return plan.steps() - state.step();
  }

  /** What the next step asks the network. */
  public NetworkCall call() {
    double sigma = plan.sigmas().from(state.step());
    return new NetworkCall(
        new FloatTensor(plan.shape(), Prediction.networkInput(state.latents(), sigma)),
        plan.sigmas().timestep(state.step()),
        plan.contexts());
  }

  /**
   * Makes the next step with the network's answer to {@link #call()}.
   *
   * @param predictions rows x channels x height x width
   * @throws Failure.Rejected with code {@code not_finite} when the numbers leave what fp32 holds;
   *     the state is as before
   */
  public void advance(float[] predictions) {
    double sigma = plan.sigmas().from(state.step());
    float[] latents = state.latents();
    float[] predicted =
        plan.rows() == 1
            ? predictions
            : Guidance.combine(predictions, latents.length, plan.guidanceScale());
    float[] x0 = Prediction.denoised(plan.predicts(), latents, predicted, sigma);
    SamplerState next =
        plan.sampler()
            .next(
                state,
                x0,
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
    denoised = Optional.of(x0);
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
