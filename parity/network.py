"""A network without weights, which Java computes as exactly as PyTorch: every element for itself."""

import math

import torch

# What it predicts must be roughly right, or samplers of higher order diverge: a line in the network's input whose slope follows
# the timestep, and a little sine, so that no sampler is exact.
SLOPES = {
    "epsilon": (0.25, 0.7),
    "v_prediction": (-0.8, 1.2),
    "sample": (0.75, -0.7),
    "flow_prediction": (-0.6, 1.5),
}


def answer(prediction, prompt, latents, timestep):
    """latents: what the network sees, fp32; prompt: a number that stands for the text."""
    z = latents.double()
    base, slope = SLOPES[prediction]
    wave = torch.sin(1.3 * z + timestep / 500 + prompt)
    return (z * (base + slope * timestep / 1000) + 0.1 * wave).float()


def beta_quantile(part):
    from scipy.stats import beta

    return beta.ppf(part, 0.6, 0.6)


def k_levels(schedule, trained, steps):
    """AUTOMATIC1111's and ComfyUI's schedules over the sigmas of training, ascending; without the 0 at the end."""
    count = len(trained)
    logs = trained.log()
    low, high = trained[0].item(), trained[-1].item()
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)

    def at(timesteps):
        below = timesteps.floor().long().clamp(0, count - 2)
        part = timesteps - below
        return ((1 - part) * logs[below] + part * logs[below + 1]).exp()

    if schedule == "uniform":
        return at(torch.linspace(count - 1, 0, steps, dtype=torch.float64))
    if schedule == "sgm_uniform":
        return at(torch.linspace(count - 1, 0, steps + 1, dtype=torch.float64)[:-1])
    if schedule == "simple":
        return torch.stack([trained[-(1 + int(i * count / steps))] for i in range(steps)])
    if schedule == "karras":
        rho = 7.0
        return (high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    if schedule == "exponential":
        return torch.exp(math.log(high) + ramp * (math.log(low) - math.log(high)))
    if schedule == "beta":
        return torch.tensor([low + beta_quantile(1 - p) * (high - low) for p in ramp.tolist()])
    raise ValueError(schedule)
