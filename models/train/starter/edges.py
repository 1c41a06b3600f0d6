"""Edges of pictures, as Canny (1986) finds them, for whole batches at once on the device that trains."""
import torch
import torch.nn.functional as F

BLUR = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16  # a Gaussian of one pixel, nearly


def edges(pictures, low=0.1, high=0.2):
    """[B, 3, H, W] in -1..1 -> [B, H, W] in {0, 1}: thin lines where the colour changes.

    low, high: of the gradient, 1 is the step from black to white; numbers or [B]. A weak edge stays where it touches a strong one.
    """
    device, kind = pictures.device, torch.float32
    blur = BLUR.to(device)
    grey = F.pad(pictures.to(kind) / 2, (2, 2, 2, 2), mode="replicate")
    smooth = F.conv2d(F.conv2d(grey.flatten(0, 1)[:, None], blur[None, None, None, :]), blur[None, None, :, None])
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=device) / 4
    both = F.conv2d(F.pad(smooth, (1, 1, 1, 1), mode="replicate"), torch.stack([sobel, sobel.T])[:, None])
    both = both.unflatten(0, pictures.shape[:2])  # [B, 3, 2, H, W]
    size = both.pow(2).sum(2).sqrt()
    strength, channel = size.max(1)  # of the channel that changes most
    x, y = both.gather(1, channel[:, None, None].expand(-1, 1, 2, -1, -1))[:, 0].unbind(1)

    # along the gradient an edge is a maximum
    angle = (torch.atan2(y, x) / torch.pi * 4).round().long() % 4
    around = F.pad(strength, (1, 1, 1, 1))
    height, width = strength.shape[-2:]

    def shifted(dy, dx):
        return around[:, 1 + dy:1 + dy + height, 1 + dx:1 + dx + width]

    pairs = ((0, 1), (1, 1), (1, 0), (1, -1))
    before = torch.stack([shifted(-a, -b) for a, b in pairs]).gather(0, angle[None])[0]
    after = torch.stack([shifted(a, b) for a, b in pairs]).gather(0, angle[None])[0]
    ridge = (strength >= before) & (strength > after)

    def threshold(value):
        return torch.as_tensor(value, device=device, dtype=kind).reshape(-1, 1, 1)

    weak, found = ridge & (strength > threshold(low)), ridge & (strength > threshold(high))
    for _ in range(16):
        found = weak & (F.max_pool2d(found[:, None].to(kind), 3, 1, 1)[:, 0] > 0)
    return found.to(kind)


def agreement(found, wanted, tolerance=1):
    """-> precision and recall of edges [H, W] in {0, 1}, where a line may be `tolerance` pixels off"""
    def wide(e):
        return F.max_pool2d(e[None, None], 2 * tolerance + 1, 1, tolerance)[0, 0]

    return tuple((a * wide(b)).sum().item() / max(1.0, a.sum().item()) for a, b in ((found, wanted), (wanted, found)))
