"""The autoencoder: 128 x 128 RGB in -1..1 to 16 x 16 latents of 4 channels and back. Plain residual convolutions with
ReLU, no normalisation and no attention: cheap on a CPU, and the same at every size."""
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.bias)
        self.second.weight.data *= 0.3

    def forward(self, x):
        return x + self.second(F.relu(self.first(F.relu(x))))


class Encoder(nn.Module):
    """[B, 3, H, W] -> [B, 4, H/8, W/8], not normalised."""

    def __init__(self, channels=(32, 64, 128), blocks=(1, 2, 2), latent_channels=4):
        super().__init__()
        layers = [nn.Conv2d(12, channels[0], 3, padding=1)]
        for level, count in enumerate(blocks):
            layers += [Residual(channels[level]) for _ in range(count)]
            if level < 2:
                layers.append(nn.Conv2d(channels[level], channels[level + 1], 3, stride=2, padding=1))
        self.net = nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(channels[2], latent_channels, 3, padding=1))

    def forward(self, x):
        return self.net(F.pixel_unshuffle(x, 2))


class Decoder(nn.Module):
    """[B, 4, h, w] -> [B, 3, 8h, 8w]."""

    def __init__(self, channels=(192, 96, 40), blocks=(3, 3, 2), latent_channels=4):
        super().__init__()
        layers = [nn.Conv2d(latent_channels, channels[0], 3, padding=1)]
        for level, count in enumerate(blocks):
            layers += [Residual(channels[level]) for _ in range(count)]
            if level < 2:
                layers += [nn.Conv2d(channels[level], channels[level + 1] * 4, 1), nn.PixelShuffle(2)]
        self.net = nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(channels[2], 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, z):
        return self.net(z)


def gradients(x):
    """Differences between neighbouring pixels, across and down."""
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(decoded, picture):
    """L1 + MSE + L1 of the gradients (edges) + L1 at a quarter of the size (colour)."""
    difference = decoded - picture
    edges = sum((a - b).abs().mean() for a, b in zip(gradients(decoded), gradients(picture)))
    coarse = F.avg_pool2d(difference, 4).abs().mean()
    return difference.abs().mean() + 2 * difference.pow(2).mean() + 0.5 * edges + 0.5 * coarse
