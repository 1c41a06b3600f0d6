package dev.latentline.denoiser.task;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.network.NetworkCall;
import dev.latentline.denoiser.noise.NoiseSource;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.denoiser.sample.SamplerStep;
import dev.latentline.denoiser.schedule.Prediction;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.Arrays;
import java.util.Optional;

/**
 * One picture being denoised, a call of the network at a time, so that several can take turns or
 * share a call of the network. What is left to do depends on the plan and {@link #state()} alone.
 * Not thread-safe.
 */
public final class StepTask {
  private final TaskPlan plan;
  private final NoiseSource noise;
  private SamplerState state;
  private Optional<float[]> denoised = Optional.empty();

  private StepTask(TaskPlan plan, SamplerState state) {
    this.plan = plan;
    this.noise = noise(plan);
    this.state = state;
  }

  /** From noise. */
  public static StepTask start(TaskPlan plan) {
    float[] initial = Prediction.scaled(noise(plan).draw(0), plan.sigmas().initialScale());
    return resume(plan, SamplerState.initial(initial));
  }

  private static NoiseSource noise(TaskPlan plan) {
    return NoiseSource.of(plan.rng(), plan.seed(), DenseTensor.elements(plan.shape()));
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

  /** Whether the next step is the refiner's. */
  public boolean refines() {
    return plan.refines(state.step());
  }

  /** How often the network is still asked. */
  public int callsLeft() {
    return plan.calls(state.step()) - state.call();
  }

  /** What the network is asked next. */
  public NetworkCall call() {
    SamplerStep.Point asked = asked();
    return new NetworkCall(
        withMasked(
            Prediction.networkInput(plan.predicts(state.step()), asked.latents(), asked.sigma())),
        plan.sigmas().timestep(state.step(), asked.sigma()),
        plan.contexts(state.step()),
        plan.added(state.step()),
        plan.controls(state.step()),
        plan.deterministic());
  }

  private FloatTensor withMasked(float[] latents) {
    if (plan.masked(state.step()).isEmpty()) {
      return new FloatTensor(plan.shape(), latents);
    }
    FloatTensor masked = plan.masked(state.step()).get();
    long[] shape = plan.shape().clone();
    shape[1] += masked.shape()[1];
    float[] all = Arrays.copyOf(latents, latents.length + masked.data().length);
    System.arraycopy(masked.data(), 0, all, latents.length, masked.data().length);
    return new FloatTensor(shape, all);
  }

  private SamplerStep.Point asked() {
    return plan.sampler().asks(state, plan.sigmas(), noise::draw);
  }

  /**
   * Goes on with the network's answer to {@link #call()}: to the end of the step, or to where the
   * step asks again.
   *
   * @param predictions rows x channels x height x width
   * @throws Failure.Rejected with code {@code not_finite} when the numbers leave what fp32 holds;
   *     the state is as before
   */
  public void advance(float[] predictions) {
    SamplerStep.Point asked = asked();
    float[] predicted =
        plan.rows() == 1
            ? predictions
            : plan.guidance()
                .combine(
                    predictions, plan.stepRows().weightsAt(state.step()), asked.latents().length);
    float[] x0 =
        Prediction.denoised(plan.predicts(state.step()), asked.latents(), predicted, asked.sigma());
    SamplerState next = plan.sampler().next(state, x0, plan.sigmas(), noise::draw);
    if (!isFinite(next.latents()) || !next.history().stream().allMatch(this::isFinite)) {
      throw new Failure.Rejected(
          "not_finite",
          "The picture's numbers overflowed in step "
              + (state.step() + 1)
              + "; a smaller guidance_scale or another sampler may help");
    }
    state = plan.refines(next.step()) && !refines() ? next.forgetting() : next;
    denoised = Optional.of(x0);
  }

  private boolean isFinite(float[] values) {
    return new FloatTensor(plan.shape(), values).isFinite();
  }

  /** The finished latents, in the scale that the autoencoder was trained on. */
  public FloatTensor latents() {
    if (!done()) {
      throw new IllegalStateException("steps are left to do");
    }
    double end = plan.sigmas().to(plan.steps() - 1);
    return new FloatTensor(
        plan.shape(), Prediction.networkInput(plan.predicts(), state.latents(), end));
  }
}
