"""Pictures into the text encoder's space: a residual network with strided stages and a mean at the end."""
import torch.nn as nn
import torch.nn.functional as F


class Stage(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x):
        return x + self.second(F.relu(self.first(F.relu(self.norm(x)))))


class ImageEncoder(nn.Module):
    """[B, 3, 128, 128] in -1..1 -> [B, 384]; normalise it to compare with a text's normalised mean of token states."""

    def __init__(self, channels=(48, 96, 192, 288), blocks=(1, 2, 2, 2), out=384):
        super().__init__()
        self.conv_in = nn.Conv2d(48, channels[0], 3, padding=1)
        layers = []
        for level, count in enumerate(blocks):
            layers += [Stage(channels[level]) for _ in range(count)]
            if level < len(blocks) - 1:
                layers.append(nn.Conv2d(channels[level], channels[level + 1], 3, stride=2, padding=1))
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(channels[-1], 2 * out), nn.ReLU(), nn.Linear(2 * out, out))

    def forward(self, x):
        x = self.body(self.conv_in(F.pixel_unshuffle(x, 4)))
        return self.head(F.relu(x).mean((2, 3)))
