"""A pool of encoded pictures that is renewed while it is trained from."""
import functools
import multiprocessing
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

from .captions import SIDE_BY_SIDE, SIZE, TOKENS, Art, plans
from .compose import Canvas
from .ddim import ddim
from .edges import edges
from .text import TextEncoder, tokenizer


def _some_plans(job):
    folder, seed, count = job
    art = Art.load(folder / "art.json")
    return plans(art, tokenizer(folder / "tokenizer.json"), seed, count)[0]


def make_plans(folder: pathlib.Path, seed: int, count: int, processes: int):
    """Plans, many of them in processes of their own; the same for the same seed and count."""
    started, pieces = time.time(), 64 if count > 10_000 else 1
    jobs = [(folder, seed * 1000 + i, -(-count // pieces)) for i in range(pieces)]
    if pieces == 1:  # a process takes seconds to start
        parts = [_some_plans(jobs[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            parts = pool.map(_some_plans, jobs, chunksize=1)
    joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    print(f"{len(joined['length'])} plans in {time.time() - started:.0f} s", flush=True)
    return joined


class Source:
    """Painted pictures and the text of their captions, in an endless stream."""

    def __init__(self, folder, work, device, planned):
        self.folder, self.work = folder, work
        self.text = TextEncoder(folder / "text.npz", device)
        self.tokens = tokenizer(folder / "tokenizer.json")
        self.device = device
        self.plans = {k: torch.from_numpy(v).to(device) for k, v in planned.items()}
        self.order = torch.arange(len(planned["length"]), device=device)
        self.next = 0
        self.null = self.text.prompts([""], self.tokens, device)[0]

    @functools.cached_property
    def canvas(self):
        """Loaded when the first picture is painted: text alone needs none."""
        return Canvas(self.folder, self.work / "bank.pt", self.device)

    @property
    def count(self):
        return len(self.order)

    def mix_pairs(self, share):
        """From here on that share of the pictures are pairs."""
        paired = self.plans["split"] > 0
        pairs, others = paired.nonzero()[:, 0], (~paired).nonzero()[:, 0]
        n = min(int(len(pairs) / share), int(len(others) / (1 - share)))
        rows = torch.cat([pairs[:round(n * share)], others[:n - round(n * share)]])
        self.order = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(1)).to(self.device)]

    def take(self, n):
        rows = self.order[(torch.arange(self.next, self.next + n) % self.count).to(self.device)]
        self.next = (self.next + n) % self.count
        return {k: v[rows] for k, v in self.plans.items()}

    def pictures(self, n, part=512):
        plan = self.take(n)
        return torch.cat([self.canvas.paint({k: v[i:i + part] for k, v in plan.items()}) for i in range(0, n, part)]), plan

    def states(self, plan):
        return self.text(plan["tokens"][:, :TOKENS], plan["length"])


class Pool:
    """Latents (normalised) and text states of `size` samples. grow() replaces the oldest."""

    def __init__(self, source, encoder, mean, std, size):
        self.source, self.encoder, self.mean, self.std, self.size = source, encoder, mean, std, size
        device = source.device
        kind = torch.float16 if device != "cpu" else torch.float32
        self.latents = torch.zeros(size, 4, 16, 16, dtype=kind, device=device)
        self.text = torch.zeros(size, TOKENS, 384, dtype=kind, device=device)
        self.filled, self.place, self.made = 0, 0, 0

    @torch.no_grad()
    def grow(self, n):
        pictures, plan = self.source.pictures(n)
        kind = next(self.encoder.parameters()).dtype
        pictures = pictures.to(kind).to(memory_format=torch.channels_last)
        z = torch.cat([self.encoder(part).float() for part in pictures.split(512)])
        rows = (torch.arange(self.place, self.place + n) % self.size).to(self.source.device)
        self.latents[rows] = ((z - self.mean) / self.std).to(self.latents.dtype)
        self.text[rows] = self.source.states(plan).to(self.text.dtype)
        self.keep(rows, pictures, plan)
        self.place, self.made = (self.place + n) % self.size, self.made + n
        self.filled = min(self.size, self.filled + n)

    def keep(self, rows, pictures, plan):
        """What else is wanted of new pictures."""

    def rows(self, n):
        return torch.randint(self.filled, (n,), device=self.source.device)

    def samples(self, rows, unconditional=0.1):
        text = self.text[rows]
        drop = torch.rand(len(rows), device=self.source.device) < unconditional
        text[drop] = self.source.null.to(text.dtype)
        return self.latents[rows].float(), text

    def batch(self, n):
        return self.samples(self.rows(n))


class EdgePool(Pool):
    """A pool with the edges of each picture, found at many thresholds, some drawn with a thick pen."""

    def __init__(self, source, encoder, mean, std, size):
        super().__init__(source, encoder, mean, std, size)
        self.edges = torch.zeros(size, SIZE, SIZE, dtype=torch.bool, device=source.device)

    def keep(self, rows, pictures, plan):
        low = 0.04 + 0.16 * torch.rand(len(rows), device=rows.device)
        found = edges(pictures.float(), low, 2 * low)
        thick = torch.rand(len(rows), 1, 1, device=rows.device) < 0.3
        self.edges[rows] = torch.where(thick, F.max_pool2d(found[:, None], 3, 1, 1)[:, 0], found).bool()

    def batch(self, n):
        """Half of them without text: the network must learn to read the edges alone. (Zhang et al. 2023)"""
        rows = self.rows(n)
        return *self.samples(rows, unconditional=0.5), self.edges[rows][:, None].expand(-1, 3, -1, -1).float()


class FeaturePool(Pool):
    """A pool with what the image encoder says of each picture."""

    def __init__(self, source, encoder, mean, std, size, image_encoder):
        super().__init__(source, encoder, mean, std, size)
        self.image_encoder = image_encoder
        self.features = torch.zeros(size, 384, device=source.device)

    def keep(self, rows, pictures, plan):
        self.features[rows] = torch.cat([self.image_encoder(part).float() for part in pictures.split(512)])

    def batch(self, n):
        rows = self.rows(n)
        return *self.samples(rows, unconditional=0), self.features[rows]


class PairPool(Pool):
    """A pool with the states of two of the things of each half of a pair, how it is split (0: not at all), and, of some, what a network
    draws when it is asked for them."""

    def __init__(self, source, encoder, mean, std, size):
        super().__init__(source, encoder, mean, std, size)
        self.halves = torch.zeros(size, 2, TOKENS, 384, dtype=torch.float16, device=source.device)
        self.split = torch.zeros(size, dtype=torch.int8, device=source.device)
        self.drawings = torch.zeros_like(self.latents)
        self.is_drawn = torch.zeros(size, dtype=torch.bool, device=source.device)

    def keep(self, rows, pictures, plan):
        self.split[rows] = plan["split"]
        self.is_drawn[rows] = False
        pairs = (plan["split"] > 0).nonzero()[:, 0]
        states = self.source.text(plan["half_tokens"][pairs].flatten(0, 1), plan["half_length"][pairs].flatten())
        self.halves[rows[pairs]] = states.unflatten(0, (-1, 2)).half()

    def draw(self, net, guidance, steps=8, part=64):
        """An eighth of the pool at most; what was drawn before and is still here stays."""
        pairs = (self.split > 0).nonzero()[:, 0]
        rows = pairs[torch.randperm(len(pairs), device=pairs.device)[:min(4096, self.size // 8)]]
        for some in rows.split(part):
            noise = torch.randn(len(some), 4, 16, 16, device=self.source.device)
            self.drawings[some] = ddim(net, noise, self.text[some], self.source.null, steps, guidance).to(self.drawings.dtype)
        self.is_drawn[rows] = True

    def batch(self, n):
        """-> latents, text, how many are drawn (a third, as soon as there are any), the states of the halves of the pairs, and how they are
        split. The drawn are the first, and then come the other pairs."""
        drawn = self.is_drawn.nonzero()[:, 0]
        drawn = drawn[torch.randint(len(drawn), (n // 3,), device=drawn.device)] if len(drawn) else drawn
        others = self.rows(n - len(drawn))
        rows = torch.cat([drawn, others[(self.split[others] == 0).int().argsort()]])
        pairs = rows[:int((self.split[rows] > 0).sum())]
        latents, text = self.samples(rows)
        latents[:len(drawn)] = self.drawings[drawn].float()
        text[:len(pairs)] = self.text[pairs]  # without text there is no pair
        return latents, text, len(drawn), self.halves[pairs].to(text.dtype), self.split[pairs]


def twice(latents, split):
    """[B, 4, H, W] of pairs -> of each half the picture that has it twice: mirrored beside itself, or again below itself"""
    up, left = latents.chunk(2, 2)[0], latents.chunk(2, 3)[0]
    down, right = latents.chunk(2, 2)[1], latents.chunk(2, 3)[1]
    across = (split == SIDE_BY_SIDE)[:, None, None, None]
    return (torch.where(across, torch.cat([left, left.flip(3)], 3), torch.cat([up, up], 2)),
            torch.where(across, torch.cat([right.flip(3), right], 3), torch.cat([down, down], 2)))
