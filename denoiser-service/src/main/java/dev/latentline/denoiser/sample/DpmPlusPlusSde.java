package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;
import java.util.List;

/**
 * DPM-Solver++(SDE) with r 1/2: algorithm 1 of Lu et al. 2022 (arXiv:2211.01095) on the stochastic
 * equation; k-diffusion's sample_dpmpp_sde. A last step to 0 is Euler's.
 *
 * <p>The noise is a Brownian motion over sigma: that of a step is the sum of what was added up to
 * its middle and of a second draw, as the original's Brownian tree has it.
 */
final class DpmPlusPlusSde implements SamplerStep {
  private final SamplerOptions options;

  DpmPlusPlusSde(SamplerOptions options) {
    this.options = options;
  }

  @Override
  public int calls(int step, Sigmas sigmas) {
    return sigmas.to(step) == 0 ? 1 : 2;
  }

  @Override
  public Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    if (state.call() == 0) {
      return new Point(state.latents(), from);
    }
    double middle = Math.sqrt(from * sigmas.to(state.step()));
    Ancestral ancestral = Ancestral.of(from, middle, options.eta());
    Sum latents =
        Sum.of(1, Euler.towards(state.latents(), state.history().get(0), from, ancestral.down()));
    if (ancestral.up() > 0) {
      latents.plus(options.noiseScale() * ancestral.up(), noise.draw(state.draws()));
    }
    return new Point(latents.rounded(), middle);
  }

  @Override
  public SamplerState next(SamplerState state, float[] denoised, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    double to = sigmas.to(state.step());
    if (state.call() == 0 && to > 0) {
      return state.asked(List.of(denoised));
    }
    Ancestral ancestral = Ancestral.of(from, to, options.eta());
    Sum next = Sum.of(1, Euler.towards(state.latents(), denoised, from, ancestral.down()));
    if (ancestral.up() == 0) {
      return state.next(next.rounded());
    }
    double middle = Math.sqrt(from * to);
    double up = options.noiseScale() * ancestral.up();
    next.plus(up * Math.sqrt((from - middle) / (from - to)), noise.draw(state.draws()));
    next.plus(up * Math.sqrt((middle - to) / (from - to)), noise.draw(state.draws() + 1));
    return state.drew(2).next(next.rounded());
  }
}
