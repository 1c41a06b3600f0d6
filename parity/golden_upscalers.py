#!/usr/bin/env python3
"""Writes what PyTorch computes with a random upscaler of ESRGAN's class, in each layout of names that such files have.

usage: golden_upscalers.py CONFIG.json TEMPLATE OUT.safetensors

CONFIG is one of models/export/configs/upscalers, TEMPLATE what was exported of it. Numbers follow from names (weights.py), so that each layout
has other ones. BasicSR's names are read by models/export's RRDBNet, those of ESRGAN's first files by the same network as a Sequential, which
gives its layers these names by itself.
"""
import hashlib
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import make_checkpoints
import torch
from rrdb import RRDBNet
from safetensors.torch import load_file, save_file
from torch import nn

SIZES = [(12, 17), (23, 10)]


class FirstDenseBlock(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        for number in range(1, 5):
            setattr(self, f"conv{number}", nn.Sequential(nn.Conv2d(features + (number - 1) * growth, growth, 3, 1, 1), nn.LeakyReLU(0.2)))
        self.conv5 = nn.Sequential(nn.Conv2d(features + 4 * growth, features, 3, 1, 1))

    def forward(self, x):
        x1 = self.conv1(x)
        x2 = self.conv2(torch.cat((x, x1), 1))
        x3 = self.conv3(torch.cat((x, x1, x2), 1))
        x4 = self.conv4(torch.cat((x, x1, x2, x3), 1))
        return self.conv5(torch.cat((x, x1, x2, x3, x4), 1)) * 0.2 + x


class FirstBlock(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        self.RDB1, self.RDB2, self.RDB3 = (FirstDenseBlock(features, growth) for _ in range(3))

    def forward(self, x):
        return self.RDB3(self.RDB2(self.RDB1(x))) * 0.2 + x


class Shortcut(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.sub = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.sub(x)


class FirstNet(nn.Module):
    """As ESRGAN's first files have it."""

    def __init__(self, scale, blocks, features, growth):
        super().__init__()
        self.unshuffle = 4 // scale

        def conv(inputs=features, outputs=features):
            return nn.Conv2d(inputs, outputs, 3, 1, 1)

        body = [FirstBlock(features, growth) for _ in range(blocks)] + [conv()]
        ups = [layer for _ in range(2) for layer in (nn.Upsample(scale_factor=2), conv(), nn.LeakyReLU(0.2))]
        self.model = nn.Sequential(conv(3 * self.unshuffle**2), Shortcut(*body), *ups, conv(), nn.LeakyReLU(0.2), conv(outputs=3))

    def forward(self, x):
        height, width = x.shape[2:]
        even = nn.functional.pad(x, (0, width % self.unshuffle, 0, height % self.unshuffle), mode="replicate")
        scale = 4 // self.unshuffle
        return self.model(nn.functional.pixel_unshuffle(even, self.unshuffle))[:, :, : scale * height, : scale * width]


def checkpoint(template, own_names):
    """(tensors in fp32, digest) of the file that tests write again."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "it.safetensors"
        make_checkpoints.main(template, file, "fp16", own_names)
        return {name: tensor.float() for name, tensor in load_file(file).items()}, hashlib.sha256(file.read_bytes()).hexdigest()


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    stated = json.loads(config.read_text())
    sizes = {name: stated[name] for name in ("scale", "blocks", "features", "growth")}
    generator = torch.Generator().manual_seed(20261127)
    golden, digests = {}, {}
    for layout, net in (("basicsr", RRDBNet(**sizes)), ("esrgan", FirstNet(**sizes))):
        tensors, digests[layout] = checkpoint(template, layout == "basicsr")
        net.load_state_dict(tensors)
        with torch.no_grad():
            for number, (height, width) in enumerate(SIZES):
                pixels = torch.randint(0, 256, (1, 3, height, width), generator=generator).float()
                upscaled = net(pixels / 255) * 255
                print(f"{out.stem} {layout}: {float(((upscaled > 0) & (upscaled < 255)).float().mean()):.0%} of the numbers in 0..255")
                golden |= {f"{layout}.pixels.{number}": pixels, f"{layout}.upscaled.{number}": upscaled.contiguous()}
    save_file(golden, out, {f"{layout}_sha256": digest for layout, digest in digests.items()})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
