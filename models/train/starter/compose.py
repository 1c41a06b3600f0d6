"""Paints planned pictures on the device that trains: [B, 3, 128, 128] in -1..1."""
import io
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .captions import HUES, SIZE, Art


def _hsv(rgb):
    """[B, 3, H, W] in 0..1 -> hue, saturation, value [B, H, W]."""
    r, g, b = rgb.unbind(1)
    high, low = rgb.amax(1), rgb.amin(1)
    d = high - low + 1e-6
    hue = torch.where(high == r, ((g - b) / d) % 6, torch.where(high == g, (b - r) / d + 2, (r - g) / d + 4)) / 6
    return hue, torch.where(high > 0, (high - low) / high.clamp(min=1e-6), torch.zeros_like(high)), high


def _rgb(hue, saturation, value):
    k = torch.stack([(hue * 6 + n) % 6 for n in (5.0, 3.0, 1.0)], 1)
    return value[:, None] - (value * saturation)[:, None] * torch.minimum(k, 4 - k).clamp(0, 1)


def _recoloured(rgba, sprite, colour):
    """One sprite [4, H, W] in 0..1 in another colour. Pixels of its own hue change; of a neutral one, all pale pixels do."""
    rgb, alpha = rgba[:3][None], rgba[3:]
    hue, saturation, value = _hsv(rgb)
    if sprite["hue"] is not None:
        own = ((hue - sprite["hue"] + 0.5) % 1 - 0.5).abs() < 0.14
        if colour in HUES:
            fade, lift, more = {"pink": (0.55, 1.12, 0.08), "yellow": (1, 1.12, 0), "blue": (1, 0.95, 0), "purple": (1, 0.95, 0)}.get(colour, (1, 1, 0))
            new = _rgb((hue + HUES[colour] - sprite["hue"]) % 1, saturation * fade, (value * lift + more).clamp(max=1))
        elif colour == "black":
            new = _rgb(hue, saturation * 0.12, value * 0.3)
        elif colour == "white":
            new = _rgb(hue, saturation * 0.06, 0.62 + 0.38 * value)
        else:
            new = _rgb(torch.full_like(hue, 0.066), saturation * 0.75, value * 0.58)
    else:
        own = saturation < 0.3
        new = _rgb(torch.full_like(hue, HUES[colour]), (0.62 - 0.2 * (colour == "pink")) * torch.ones_like(hue), (value * 0.97 + 0.03).clamp(max=1))
    return torch.cat([torch.where(own[:, None], new, rgb)[0], alpha])


class Canvas:
    """All sprites with their variants, and all scenes, on the device."""

    def __init__(self, folder, cache, device):
        self.art, self.device = Art.load(folder / "art.json"), device
        if not cache.exists():
            bank, scenes = self._painted(folder)
            torch.save((bank.cpu(), scenes), cache.with_suffix(".tmp"))
            os.replace(cache.with_suffix(".tmp"), cache)
        bank, scenes = torch.load(cache)
        self.bank, self.scenes = bank.to(device), scenes.to(device)  # premultiplied
        self.half = torch.cat([F.avg_pool2d(part.float(), 2).round().to(torch.uint8) for part in self.bank.split(1024)])
        steps = torch.arange(SIZE, device=device) + 0.5
        self.y, self.x = torch.meshgrid(steps, steps, indexing="ij")
        self.ramp = torch.linspace(0, 1, SIZE, device=device)[None, None, :, None]

    def _painted(self, folder):
        lengths = json.loads((folder / "art.json").read_text())["lengths"]
        content = (folder / "art.bin").read_bytes()
        images = [np.asarray(Image.open(io.BytesIO(content[e - n:e]))) for n, e in zip(lengths, np.cumsum(lengths))]
        count = len(self.art.sprites)
        base = np.stack([i if i.shape[2] == 4 else np.dstack([i, np.full(i.shape[:2], 255, np.uint8)]) for i in images[:count]])
        base = torch.from_numpy(base).permute(0, 3, 1, 2).to(self.device)
        bank = torch.empty(count + len(self.art.variants), 4, SIZE, SIZE, dtype=torch.uint8, device=self.device)
        for i in range(count):
            bank[i] = self._stored(base[i].float() / 255)
        for n, (i, colour) in enumerate(self.art.variants):
            bank[count + n] = self._stored(_recoloured(base[i].float() / 255, self.art.sprites[i], colour))
        return bank, torch.from_numpy(np.stack(images[count:])).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    def _stored(rgba):
        return (torch.cat([rgba[:3] * rgba[3:], rgba[3:]]) * 255).round().to(torch.uint8)

    @torch.no_grad()
    def paint(self, plan):
        """plan: a dict of tensors (rows of captions.plans) on the device."""
        colours = plan["colours"].float() / 255
        top, bottom = colours[:, :3, None, None], colours[:, 3:, None, None]
        picture = top * (1 - self.ramp) + bottom * self.ramp
        picture = picture.expand(-1, 3, SIZE, SIZE).contiguous()
        scenic = (plan["background"] == 2).nonzero()[:, 0]
        picture[scenic] = self.scenes[plan["scene"][scenic].long()].float() / 255
        for layer in range(plan["bank"].shape[1]):
            rows = (plan["bank"][:, layer] >= 0).nonzero()[:, 0]
            if rows.numel():
                place = plan["place"][rows, layer]
                small = place[:, 2] <= 0.56
                for bank, some in ((self.bank, ~small), (self.half, small)):
                    which = rows[some]
                    if which.numel():
                        self._draw(picture, bank, plan["bank"][which, layer].long(), place[some], which)
        return self._effects(picture, plan["effect"]).clamp(0, 1) * 2 - 1

    def _draw(self, picture, bank, index, place, rows):
        cx, cy, scale, flip = place.unbind(1)
        u = (self.x[None] - cx[:, None, None]) / (scale[:, None, None] * 64)
        v = (self.y[None] - cy[:, None, None]) / (scale[:, None, None] * 64)
        u = u * (1 - 2 * flip)[:, None, None]
        sprite = F.grid_sample(bank[index].float() / 255, torch.stack([u, v], -1), align_corners=False)
        picture[rows] = picture[rows] * (1 - sprite[:, 3:]) + sprite[:, :3]

    def _effects(self, picture, effect):
        for kind, apply in ((1, _pixel_art), (2, _line_drawing), (3, _neon), (4, _grey)):
            rows = (effect == kind).nonzero()[:, 0]
            if rows.numel():
                picture[rows] = apply(picture[rows])
        return picture


def _pixel_art(x):
    small = (F.avg_pool2d(x, 4) * 12).round() / 12
    return F.interpolate(small, scale_factor=4, mode="nearest")


def _edges(x):
    across = F.pad((x[..., 2:] - x[..., :-2]).abs().amax(1, keepdim=True), (1, 1, 0, 0))
    down = F.pad((x[..., 2:, :] - x[..., :-2, :]).abs().amax(1, keepdim=True), (0, 0, 1, 1))
    return F.max_pool2d(torch.maximum(across, down), 2, 1, 1)[..., :-1, :-1]


def _line_drawing(x):
    ink = ((_edges(x) - 0.10) * 4).clamp(0, 1)
    return (1 - 0.85 * F.avg_pool2d(ink, 3, 1, 1).clamp(max=1) * 1.15).expand(-1, 3, -1, -1)


def _neon(x):
    ink = ((_edges(x) - 0.08) * 5).clamp(0, 1)
    high = F.max_pool2d(x * (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)), 5, 1, 2)
    colour = high / high.amax(1, keepdim=True).clamp(min=0.15)
    glow = F.avg_pool2d(F.avg_pool2d(ink, 7, 1, 3), 7, 1, 3)
    return (0.04 + ink * (0.25 + 0.75 * colour) + 0.7 * glow * colour).clamp(0, 1)


def _grey(x):
    return (x * torch.tensor([0.299, 0.587, 0.114], device=x.device)[None, :, None, None]).sum(1, keepdim=True).expand(-1, 3, -1, -1)
