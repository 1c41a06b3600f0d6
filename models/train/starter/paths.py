"""What the few-step variant learns from: paths on which DDIM with guidance carries noise to pictures."""
import os
import time

import torch

from .ddim import trailing
from .unet import alphas_cumprod

STEPS = 12  # of the teacher; its pictures are those of 25 steps, to the eye
PIECES = 4  # of a path; four trailing steps stand where the pieces start: 999, 749, 499, 249
# how often each piece is trained: an error in the first, which goes from noise to noise, hardly moves the picture
SHARES = (0.1, 0.25, 0.3, 0.35)
PART = 256  # paths drawn, and kept in a file, at a time


class Paths:
    """The points of `count` paths, and from each the v with which one step of DDIM goes straight to the end of its piece.

    Drawn once and kept in FOLDER, so that a run that was interrupted, or the next with other settings, has them already.
    """

    def __init__(self, folder, count, teacher, source, guidance):
        self.device, self.source, self.guidance = source.device, source, guidance
        self.run = teacher
        # alpha[t + 1] is that of timestep t; alpha[0] is the clean end
        self.alpha = torch.cat([torch.ones(1), alphas_cumprod()]).to(self.device)
        self.times = trailing(STEPS)
        self.t = torch.tensor(self.times, device=self.device)
        folder.mkdir(exist_ok=True)
        started, parts = time.time(), []
        for i in range(-(-count // PART)):
            file = folder / f"{i}.pt"
            if not file.exists():
                torch.manual_seed(7000 + i)
                source.next = i * PART % source.count
                torch.save({k: v.cpu() for k, v in self.draw(min(PART, count)).items()}, file.with_suffix(".tmp"))
                os.replace(file.with_suffix(".tmp"), file)
                print(f"{time.time() - started:6.0f} s  {min((i + 1) * PART, count)} paths", flush=True)
            parts.append(torch.load(file, map_location=self.device))
        self.points, self.straight, self.text = (torch.cat([p[k] for p in parts]) for k in ("points", "straight", "text"))

    def level(self, t):
        return self.alpha[t + 1].sqrt(), (1 - self.alpha[t + 1]).sqrt()

    @torch.no_grad()
    def draw(self, n):
        text = self.source.states(self.source.take(n))
        null = self.source.null.to(text.dtype).expand_as(text)
        x, points = torch.randn(n, 4, 16, 16, device=self.device), []
        for t, to in zip(self.times, self.times[1:] + [-1]):
            points.append(x)
            both = torch.cat([x, x]).to(memory_format=torch.channels_last)
            off, on = self.run(both, torch.tensor([t], device=self.device), torch.cat([null, text])).float().chunk(2)
            (a, s), (b, u) = self.level(t), self.level(to)
            x0 = (a * x - s * (off + self.guidance * (on - off))).clamp(-5, 5)
            x = b * x0 + u * (x - a * x0) / s
        points.append(x)
        straight, inner = [], STEPS // PIECES
        for i, t in enumerate(self.times):
            end = (i // inner + 1) * inner
            (a, s), (b, u) = self.level(t), self.level((self.times + [-1])[end])
            x0 = ((points[end] - u / s * points[i]) / (b - a * u / s)).clamp(-5, 5)
            straight.append((a * points[i] - x0) / s)
        return dict(points=torch.stack(points[:-1], 1).half(), straight=torch.stack(straight, 1).half(), text=text.half())

    def batch(self, n, starts=0.85):
        """-> x, t, text, v; `starts` of the points are where pieces start, for there inference stands."""
        rows = torch.randint(len(self.points), (n,), device=self.device)
        inner = STEPS // PIECES
        inside = torch.randint(inner, (n,), device=self.device) * (torch.rand(n, device=self.device) > starts)
        piece = torch.multinomial(torch.tensor(SHARES, device=self.device), n, replacement=True)
        step = piece * inner + inside
        return self.points[rows, step].float(), self.t[step], self.text[rows], self.straight[rows, step].float()
