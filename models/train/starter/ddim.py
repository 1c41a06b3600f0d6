"""Drawing with a network that is not exported yet: DDIM (Song et al. 2020, arXiv:2010.02502) with trailing steps."""
import torch

from .unet import alphas_cumprod


def trailing(steps):
    return [round(1000 - i * 1000 / steps) - 1 for i in range(steps)]


@torch.no_grad()
def ddim(net, x, text, null, steps, guidance):
    """x: noise, [B, 4, 16, 16]; text and null: states, [B, T, 384] and [T, 384] -> latents (normalised)"""
    # alpha[t + 1] is that of timestep t; alpha[0] is the clean end
    alpha = torch.cat([torch.ones(1), alphas_cumprod()]).to(x.device)
    times, null = trailing(steps), null.to(text.dtype).expand_as(text)
    for t, to in zip(times, times[1:] + [-1]):
        when = torch.tensor([t], device=x.device)
        if guidance > 1:
            both = torch.cat([x, x]).to(memory_format=torch.channels_last)
            off, on = net(both, when, torch.cat([null, text])).float().chunk(2)
            v = off + guidance * (on - off)
        else:
            v = net(x.to(memory_format=torch.channels_last), when, text).float()
        a, s = alpha[t + 1].sqrt(), (1 - alpha[t + 1]).sqrt()
        x0 = (a * x - s * v).clamp(-5, 5)
        x = alpha[to + 1].sqrt() * x0 + (1 - alpha[to + 1]).sqrt() * (x - a * x0) / s
    return x
