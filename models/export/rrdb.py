"""RRDBNet, the network of ESRGAN (Wang et al. 2018, arXiv 1809.00219) and Real-ESRGAN (Wang et al. 2021, arXiv 2107.10833), under the
parameters' names that BasicSR gave them."""
import torch
from torch.nn.functional import interpolate, leaky_relu, pixel_unshuffle

SLOPE = 0.2
# what of a block's own is added to its input: residual scaling, section 3.1 of the first paper
RESIDUAL = 0.2


def conv(inputs: int, outputs: int) -> torch.nn.Conv2d:
    return torch.nn.Conv2d(inputs, outputs, 3, padding=1)


class DenseBlock(torch.nn.Module):
    """Five convolutions, each of which sees the input and what all before it made."""

    def __init__(self, features: int, growth: int):
        super().__init__()
        for number in range(1, 5):
            setattr(self, f"conv{number}", conv(features + (number - 1) * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)

    def forward(self, x):
        seen = x
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, leaky_relu(layer(seen), SLOPE)), 1)
        return x + RESIDUAL * self.conv5(seen)


class Block(torch.nn.Module):
    """A residual in residual dense block (RRDB)."""

    def __init__(self, features: int, growth: int):
        super().__init__()
        for number in (1, 2, 3):
            setattr(self, f"rdb{number}", DenseBlock(features, growth))

    def forward(self, x):
        return x + RESIDUAL * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(torch.nn.Module):
    """RGB in 0..1, [1, 3, height, width], `scale` times as high and wide.

    What is before the last layers doubles the sides twice. A network of scale 2 sees its input with half the sides and each two by two
    pixels as channels; where a side is odd, its last row or column is there twice.
    """

    def __init__(self, scale: int, blocks: int, features: int, growth: int):
        super().__init__()
        self.scale = scale
        self.unshuffle = 4 // scale
        self.conv_first = conv(3 * self.unshuffle**2, features)
        self.body = torch.nn.Sequential(*(Block(features, growth) for _ in range(blocks)))
        self.conv_body = conv(features, features)
        self.conv_up1 = conv(features, features)
        self.conv_up2 = conv(features, features)
        self.conv_hr = conv(features, features)
        self.conv_last = conv(features, 3)

    def forward(self, x):
        height, width = x.shape[2:]
        if self.unshuffle == 2:
            x = torch.cat((x, x[:, :, -1:]), 2)[:, :, : height + height % 2]
            x = torch.cat((x, x[:, :, :, -1:]), 3)[:, :, :, : width + width % 2]
            x = pixel_unshuffle(x, 2)
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for layer in (self.conv_up1, self.conv_up2):
            x = leaky_relu(layer(interpolate(x, scale_factor=2, mode="nearest")), SLOPE)
        x = self.conv_last(leaky_relu(self.conv_hr(x), SLOPE))
        return x[:, :, : 2 * height, : 2 * width] if self.unshuffle == 2 else x
