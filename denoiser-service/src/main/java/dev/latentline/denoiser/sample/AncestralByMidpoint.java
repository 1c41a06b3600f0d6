package dev.latentline.denoiser.sample;

import dev.latentline.denoiser.schedule.Sigmas;

/**
 * A step down to the level below that asks the network a second time at the geometric middle, half
 * of the way in log sigma; a step down to 0 asks once.
 */
abstract class AncestralByMidpoint implements SamplerStep {
  private final SamplerOptions options;

  AncestralByMidpoint(SamplerOptions options) {
    this.options = options;
  }

  final Ancestral ancestral(int step, Sigmas sigmas) {
    return Ancestral.of(sigmas.from(step), sigmas.to(step), options.eta());
  }

  final double noiseScale() {
    return options.noiseScale();
  }

  @Override
  public final int calls(int step, Sigmas sigmas) {
    return ancestral(step, sigmas).down() == 0 ? 1 : 2;
  }

  @Override
  public final Point asks(SamplerState state, Sigmas sigmas, NoiseDraws noise) {
    double from = sigmas.from(state.step());
    if (state.call() == 0) {
      return new Point(state.latents(), from);
    }
    double middle = Math.sqrt(from * ancestral(state.step(), sigmas).down());
    return new Point(Euler.towards(state.latents(), state.history().get(0), from, middle), middle);
  }
}
