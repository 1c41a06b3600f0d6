"""Pictures into the text encoder's space: a residual network with strided stages and a mean at the end; and from there into a prompt."""
import torch
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


class ImagePrompt(nn.Module):
    """Features of a picture [B, 384] -> what the U-Net takes in the place of a text's states [B, rows, 384].

    As the projection of IP-Adapter (Ye et al. 2023); the U-Net stays as it is, since a picture's features are near its caption's.
    """

    def __init__(self, features=384, hidden=128, rows=4, width=384):
        super().__init__()
        self.config = dict(features=features, hidden=hidden, rows=rows, width=width)
        self.rows, self.width = rows, width
        self.first = nn.Linear(features, hidden)
        self.second = nn.Linear(hidden, rows * width)

    def forward(self, features):
        h = features * (features.shape[-1] / features.pow(2).sum(-1, keepdim=True)) ** 0.5
        return self.second(F.relu(self.first(h))).reshape(-1, self.rows, self.width)

    def told(self, states):
        """The states of a text [B, S, width], its padding zero, as that many rows: the first, the mean in between, and the last."""
        lengths = states.abs().amax(-1).gt(0).sum(-1)
        mean = states.sum(1) / lengths[:, None]
        last = states[torch.arange(len(states), device=states.device), lengths - 1]
        return torch.stack([states[:, 0], *[mean] * (self.rows - 2), last], 1)
