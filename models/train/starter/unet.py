"""The denoiser: a U-Net over latents with self-attention and masked cross-attention at every level."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class ResBlock(nn.Module):
    """Two convolutions; the time and the pooled text scale and shift between them."""

    def __init__(self, channels: int, time: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(time, 2 * channels)
        for layer in (self.second, self.modulation):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x, time):
        gain, bias = self.modulation(time)[:, :, None, None].chunk(2, 1)
        h = self.first(self.norm(x))
        return x + self.second(F.relu(torch.addcmul(h + bias, h, gain)))


class Attention(nn.Module):
    """Self-attention over the positions, then cross-attention to the prompt's tokens."""

    def __init__(self, channels: int, context: int, head: int = 64):
        super().__init__()
        self.heads, self.head = channels // head, head
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.cross_q = nn.Linear(channels, channels)
        self.cross_kv = nn.Linear(context, 2 * channels)
        self.cross_out = nn.Linear(channels, channels)
        for layer in (self.out, self.cross_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def attend(self, q, k, v, bias=None):
        batch, n, channels = q.shape
        q, k, v = (x.reshape(batch, -1, self.heads, self.head).transpose(1, 2) for x in (q, k, v))
        if bias is None and q.is_cuda and not torch.onnx.is_in_onnx_export():  # on a CPU its backward pass costs ten times that
            h = F.scaled_dot_product_attention(q, k, v)
        else:
            weights = (q * self.head**-0.5) @ k.transpose(-1, -2)
            h = (weights if bias is None else weights + bias).softmax(-1) @ v
        return h.transpose(1, 2).reshape(batch, n, channels)

    def forward(self, x, context, bias):
        batch, channels, height, width = x.shape
        h = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        h = h + self.out(self.attend(*self.qkv(self.norm(h)).chunk(3, -1)))
        h = h + self.cross_out(self.attend(self.cross_q(self.cross_norm(h)), *self.cross_kv(context).chunk(2, -1), bias))
        return h.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, channels, time, attention, skip=False):
        super().__init__()
        self.join = nn.Conv2d(2 * channels, channels, 1) if skip else None
        self.residual = ResBlock(channels, time)
        self.attention = Attention(channels, time) if attention else None

    def forward(self, x, time, context, bias, skip=None):
        if self.join is not None:
            x = self.join(torch.cat([x, skip], 1))
        x = self.residual(x, time)
        return x if self.attention is None else self.attention(x, context, bias)


class UNet(nn.Module):
    """sample [B, 4, H, W], timestep int64 [1] or [B], encoder_hidden_states [B, S, 384] -> v [B, 4, H, W].

    Rows of zeros in encoder_hidden_states are padding: they take no part in attention nor in the pooled text, so that a
    prompt gives the same picture whatever it was padded to. H and W are multiples of 4.
    """

    def __init__(self, channels=(128, 256, 256), blocks=(3, 2, 1), attention=((0, 0, 1), (1, 1), (1,)), latent_channels=4,
                 text=384, width=256):
        super().__init__()
        self.config = dict(channels=channels, blocks=blocks, attention=attention, latent_channels=latent_channels,
                           text=text, width=width)
        self.time_in, self.time_out = nn.Linear(128, width), nn.Linear(width, width)
        self.text_norm, self.text_in = nn.LayerNorm(text), nn.Linear(text, width)
        self.pool_in, self.pool_out = nn.Linear(text, width), nn.Linear(width, width)
        self.conv_in = nn.Conv2d(latent_channels, channels[0], 3, padding=1)
        levels = list(enumerate(channels))
        self.down = nn.ModuleList(
            nn.ModuleList(Block(c, width, attention[i][b]) for b in range(blocks[i])) for i, c in levels)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(channels, channels[1:]))
        self.middle = Block(channels[-1], width, False)
        self.up = nn.ModuleList(
            nn.ModuleList(Block(c, width, attention[i][b], skip=True) for b in range(blocks[i]))
            for i, c in reversed(levels))
        self.grow = nn.ModuleList(
            nn.Conv2d(b, a * 4, 1) for a, b in reversed(list(zip(channels, channels[1:]))))
        self.norm_out = nn.GroupNorm(8, channels[0])
        self.conv_out = nn.Conv2d(channels[0], latent_channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        frequencies = torch.exp(-math.log(10000.0) * torch.arange(64).float() / 64)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def conditions(self, timestep, encoder_hidden_states):
        """-> what modulates the blocks [B, width], the tokens [B, S, width], and the bias that masks padding [B, 1, 1, S]"""
        kind = self.conv_in.weight.dtype
        angle = timestep.float()[:, None] * self.frequencies.float()[None]
        time = self.time_out(F.silu(self.time_in(torch.cat([angle.cos(), angle.sin()], -1).to(kind))))
        text = encoder_hidden_states.to(kind)
        mask = text.abs().amax(-1, keepdim=True).gt(0).to(kind)
        bias = ((mask - 1) * 1e4).transpose(1, 2)[:, None]
        text = self.text_norm(text) * mask
        pooled = text.sum(1) / mask.sum(1).clamp(min=1)
        time = F.silu(time + self.pool_out(F.silu(self.pool_in(pooled))))
        return time, self.text_in(text) * mask, bias

    def downward(self, x, conditions):
        """-> the middle and the states that the way up takes, the first first"""
        skips = []
        for level, row in enumerate(self.down):
            for block in row:
                x = block(x, *conditions)
                skips.append(x)
            if level < len(self.shrink):
                x = self.shrink[level](x)
        return self.middle(x, *conditions), skips

    def forward(self, sample, timestep, encoder_hidden_states, down_residuals=None, mid_residual=None):
        """down_residuals, mid_residual: what a ControlNet adds to the skips and to the middle"""
        conditions = self.conditions(timestep, encoder_hidden_states)
        x, skips = self.downward(self.conv_in(sample.to(self.conv_in.weight.dtype)), conditions)
        if down_residuals is not None:
            x, skips = x + mid_residual, [s + r for s, r in zip(skips, down_residuals, strict=True)]
        for level, row in enumerate(self.up):
            for block in row:
                x = block(x, *conditions, skips.pop())
            if level < len(self.grow):
                x = F.pixel_shuffle(self.grow[level](x), 2)
        return self.conv_out(F.relu(self.norm_out(x)))


class ControlNet(UNet):
    """A second way down that has seen a picture and adds to the U-Net's skips and middle. (Zhang et al. 2023)

    sample, timestep, encoder_hidden_states as the U-Net's, controlnet_cond [B, 3, 8 H, 8 W] in 0..1, conditioning_scale
    scalar -> one residual for each skip, the first first, and one for the middle. All are zero before the training.
    """

    def __init__(self, **config):
        super().__init__(**config)
        del self.up, self.grow, self.norm_out, self.conv_out
        channels, blocks = self.config["channels"], self.config["blocks"]
        steps = [(3, 16, 1), (16, 32, 2), (32, 64, 2), (64, 128, 2)]
        self.hint = nn.Sequential(*(m for a, b, stride in steps for m in (nn.Conv2d(a, b, 3, stride, 1), nn.SiLU())),
                                  nn.Conv2d(128, channels[0], 3, padding=1))
        self.zero = nn.ModuleList(nn.Conv2d(c, c, 1) for c, n in zip(channels, blocks) for _ in range(n))
        self.zero_middle = nn.Conv2d(channels[-1], channels[-1], 1)
        for layer in (self.hint[-1], *self.zero, self.zero_middle):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def start_from(self, unet):
        own = self.state_dict()
        self.load_state_dict(own | {k: v for k, v in unet.state_dict().items() if k in own})

    def forward(self, sample, timestep, encoder_hidden_states, controlnet_cond, conditioning_scale):
        kind = self.conv_in.weight.dtype
        x = self.conv_in(sample.to(kind)) + self.hint(controlnet_cond.to(kind))
        middle, skips = self.downward(x, self.conditions(timestep, encoder_hidden_states))
        scale = conditioning_scale.to(kind)
        return [zero(s) * scale for zero, s in zip(self.zero, skips, strict=True)], self.zero_middle(middle) * scale


def alphas_cumprod(steps: int = 1000):
    """Linear betas 1e-4..0.02, as scheduler_config.json says. (DDPM, Ho et al. 2020)"""
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, steps, dtype=torch.float64), 0).float()
