package dev.latentline.denoiser.sample;

import java.util.List;

/**
 * Everything that a sampler needs to go on, at any replica. The arrays are not copied: nobody
 * writes to them any more.
 *
 * @param step how many steps are done, and the index of the next
 * @param call how often the network was asked in that next step so far
 * @param latents x = alpha * x0 + sigma * noise at the level where the next step starts
 * @param history what the sampler remembers, newest first, each as long as the latents: answers
 *     earlier in the step where it has begun, and what steps before left
 * @param draws how many draws of noise were used
 */
public record SamplerState(int step, int call, float[] latents, List<float[]> history, int draws) {
  /** No sampler remembers more. */
  public static final int MAX_HISTORY = 4;

  public SamplerState {
    history = List.copyOf(history);
  }

  /** Before the first step: the initial latents are draw 0. */
  public static SamplerState initial(float[] latents) {
    return new SamplerState(0, 0, latents, List.of(), 1);
  }

  /** After the step, with what is remembered of it. */
  SamplerState next(float[] nextLatents, List<float[]> remembered) {
    return new SamplerState(step + 1, 0, nextLatents, remembered, draws);
  }

  SamplerState next(float[] nextLatents) {
    return next(nextLatents, List.of());
  }

  /** Within the step, which needs another answer of the network. */
  SamplerState asked(List<float[]> remembered) {
    return new SamplerState(step, call + 1, latents, remembered, draws);
  }

  /**
   * The same, as at a beginning: answers of one network say nothing of another's. diffusers' second
   * pipeline begins so, too.
   */
  public SamplerState forgetting() {
    return new SamplerState(step, call, latents, List.of(), draws);
  }

  SamplerState drew(int more) {
    return new SamplerState(step, call, latents, history, draws + more);
  }
}
