"""Trains the parts of the starter model, each for a given time.

usage: python -m starter.train --data FOLDER --work FOLDER STAGE=SECONDS:BATCH...

Stages, in this order: autoencoder, unet, pairs, turbo, controlnet, image-encoder, image-prompt. Data is what starter.art and starter.text wrote.
A stage writes WORK/<stage>.pt at its end, and is left out where that is there. Until then it writes WORK/<stage>-unfinished.pt every
minute, and goes on from there when it was interrupted: SECONDS are of all runs together. `unet` and `image-prompt`
start from the weights in WORK/unet-start.pt and WORK/image_prompt-start.pt, if there are any.
`compile-unet` only compiles the U-Net's training step and says how fast it is.
"""
import argparse
import math
import os
import pathlib
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch._dynamo
import torch.nn.functional as F

from .autoencoder import Decoder, Encoder, reconstruction_loss
from .captions import SIDE_BY_SIDE
from .data import EdgePool, FeaturePool, PairPool, Pool, Source, make_plans, twice
from .ddim import ddim
from .image_encoder import ImageEncoder, ImagePrompt
from .muon import Muon
from .paths import PIECES, Paths
from .prompts import OVERVIEW
from .unet import ControlNet, UNet, alphas_cumprod

GUIDANCE = 3.0
NOT_MATRICES = ("time_in", "time_out", "text_norm", "conv_in", "norm_out", "conv_out")  # of the U-Net, for Adam
PREPARATION = 12  # seconds a stage takes to load and compile on a GPU, about


class Clock:
    """How far a stage is (0..1 of its time), its learning rate, and a line of progress now and then."""

    def __init__(self, seconds, peak, warm_up=100, spent=0.0, steps=0):
        """spent, steps: what a run that was interrupted had done of it."""
        self.started, self.seconds, self.peak, self.warm_up = time.time() - spent, seconds, peak, warm_up
        self.steps, self.reported, self.saved = steps, time.time(), time.time()

    def spent(self):
        return time.time() - self.started

    def share(self):
        return self.spent() / self.seconds

    def rate(self):
        self.steps += 1
        return self.peak * min(1, self.steps / self.warm_up) * (0.5 + 0.5 * math.cos(math.pi * min(1, self.share()))) + self.peak * 0.003

    def report(self, text, every=15):
        """text: a function, called only when a line is due, since reading a loss waits for the GPU."""
        if time.time() - self.reported > every:
            self.reported = time.time()
            print(f"{self.spent():6.0f} s  step {self.steps}  {self.steps / self.spent():.2f}/s  {text()}", flush=True)

    def save_due(self, every):
        due = time.time() - self.saved > every
        if due:
            self.saved = time.time()
        return due


class Training:
    def __init__(self, options):
        self.o = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.kind = torch.bfloat16
        torch.manual_seed(options.seed)
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
        torch._dynamo.config.suppress_errors = True  # slower rather than not at all
        self.data, self.work = pathlib.Path(options.data), pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.opened = None

    def source(self):
        self.opened = self.opened or self.open()
        return self.opened

    def open(self):
        file = self.work / f"plans-{self.o.plans}.npz"
        if not file.exists():
            planned = make_plans(self.data, self.o.seed, self.o.plans, os.cpu_count())
            np.savez(file.with_suffix(".tmp.npz"), **planned)
            os.replace(file.with_suffix(".tmp.npz"), file)
        with np.load(file) as stored:
            return Source(self.data, self.work, self.device, dict(stored))

    def warm(self, loss, model):
        """Runs a step for its compilation alone, so that the stage's time is training time. On a CPU nothing is compiled."""
        if self.device == "cpu":
            return
        started = time.time()
        loss().backward()
        model.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        print(f"compiled in {time.time() - started:.0f} s", flush=True)

    def place(self, model):
        return model.to(self.device, self.kind).to(memory_format=torch.channels_last)

    def compiled(self, model):
        return torch.compile(model) if self.device == "cuda" else model

    def save(self, name, content):
        path = self.work / f"{name}.pt"
        torch.save(content, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)

    def load(self, name):
        return torch.load(self.work / f"{name}.pt", weights_only=False, map_location="cpu")

    # --- a stage that may be interrupted ------------------------------------------------------------------------------

    def unfinished(self, name):
        return self.work / f"{name}-unfinished.pt"

    def done(self, name):
        done = (self.work / f"{name}.pt").exists()
        if done:  # ended between the two lines of finish
            self.unfinished(name).unlink(missing_ok=True)
        return done

    def interrupted(self, name):
        """What an interrupted run of the stage left: seconds and steps that it took, and an optimiser. Goes on with other pictures and noise."""
        before = self.load(self.unfinished(name).stem) if self.unfinished(name).exists() else dict(seconds=0.0, steps=0)
        torch.manual_seed(self.o.seed + before["steps"])
        self.source().next = before.get("next", 0)
        if before["steps"]:
            print(f"goes on after {before['seconds']:.0f} s, step {before['steps']}", flush=True)
        return before

    def clock(self, before, optimiser, rate, warm_up=100):
        """The stage's clock, that stands where the interrupted run stood, with the optimiser."""
        if "optimiser" in before:
            optimiser.restore(before["optimiser"])
        return Clock(self.seconds, rate, warm_up, before["seconds"], before["steps"])

    def keep(self, name, optimiser, clock):
        """Writes now and then what a run needs to go on."""
        if clock.save_due(self.o.every):
            self.save(self.unfinished(name).stem, dict(optimiser=optimiser.state(), seconds=clock.spent(), steps=clock.steps, next=self.source().next))

    def finish(self, name, content):
        self.save(name, content)
        self.unfinished(name).unlink(missing_ok=True)

    def encoder(self):
        k = self.load("autoencoder")
        encoder = Encoder()
        encoder.load_state_dict(k["encoder"])
        mean, std = (k[n].to(self.device)[None, :, None, None] for n in ("mean", "std"))
        return self.place(encoder).requires_grad_(False), mean, std

    # --- autoencoder ------------------------------------------------------------------------------------------------

    def autoencoder(self):
        source, before = self.source(), self.interrupted("autoencoder")
        encoder, decoder = self.place(Encoder()), self.place(Decoder())
        both = torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        noise = self.o.latent_noise

        def forward(pictures):
            z = encoder(pictures)
            spread = z.detach().float().std((0, 2, 3), keepdim=True).to(z.dtype)
            decoded = decoder(z + noise * spread * torch.randn_like(z)).float()
            # near zero mean and one deviation, so that no latent runs away
            size = z.float().pow(2).mean((0, 2, 3))
            return reconstruction_loss(decoded, pictures.float()) + 1e-3 * (size - 1).abs().mean()

        step = self.compiled(forward)
        optimiser = Muon(both, adam=(), weight_decay=0.0, ema=0.998)
        self.warm(lambda: step(source.pictures(self.batch)[0].to(self.kind).to(memory_format=torch.channels_last)), both)
        clock = self.clock(before, optimiser, 3e-3)
        while clock.share() < 1:
            pictures = source.pictures(self.batch)[0].to(self.kind).to(memory_format=torch.channels_last)
            loss = step(pictures)
            loss.backward()
            optimiser.step(clock.rate())
            clock.report(lambda: f"loss {loss.item():.4f}")
            self.keep("autoencoder", optimiser, clock)

        weights = optimiser.weights()
        e, d = (type(m)().to(self.device) for m in (encoder, decoder))
        e.load_state_dict({k[8:]: v for k, v in weights.items() if k.startswith("encoder.")})
        d.load_state_dict({k[8:]: v for k, v in weights.items() if k.startswith("decoder.")})
        with torch.no_grad():
            held = source.pictures(self.o.looks)[0]
            z = torch.cat([e(source.pictures(self.o.looks)[0]) for _ in range(8)])
            psnr = -10 * torch.log10((d(e(held)).clamp(-1, 1) - held).pow(2).mean((1, 2, 3)) / 4)
        print(f"autoencoder: {psnr.mean():.2f} dB, worst {psnr.min():.2f}", flush=True)
        self.finish("autoencoder", dict(encoder=e.cpu().state_dict(), decoder=d.cpu().state_dict(), mean=z.mean((0, 2, 3)).cpu(),
                                        std=z.std((0, 2, 3)).cpu(), steps=clock.steps, samples=clock.steps * self.batch))

    # --- U-Net ------------------------------------------------------------------------------------------------------

    def noise_levels(self, n, centre=-0.4, deviation=2.2, cosine_share=0.3):
        """Timesteps whose log-SNR is N(centre, deviation), and for a share that of the cosine schedule."""
        u = ((torch.arange(n, device=self.device) + torch.rand(n, device=self.device)) / n)[torch.randperm(n, device=self.device)]
        u = u.clamp(1e-3, 1 - 1e-3)
        normal = centre + deviation * math.sqrt(2) * torch.erfinv(2 * u - 1)
        cosine = -2 * torch.log(torch.tan(math.pi * u / 2))
        snr = torch.where(torch.rand(n, device=self.device) < cosine_share, cosine, normal)
        return (999 - torch.searchsorted(self.snr, snr).clamp(0, 999)).long()

    def prepare_noise(self):
        self.alpha = alphas_cumprod().to(self.device)
        self.snr = torch.log(self.alpha / (1 - self.alpha)).flip(0).contiguous()

    def compile_unet(self):
        """Compiles the training step with random data, so that the real run finds it in the cache."""
        self.prepare_noise()
        net = self.place(UNet())
        step = self.compiled(lambda z, text, t, noise: self.v_loss(net, z, text, t, noise))
        optimiser = Muon(net, adam=NOT_MATRICES)
        n = self.batch
        for i in range(24):
            z, text = torch.randn(n, 4, 16, 16, device=self.device), torch.randn(n, 24, 384, device=self.device).half()
            step(z, text, self.noise_levels(n), torch.randn_like(z)).backward()
            optimiser.step(1e-4)
            if i == 8:
                torch.cuda.synchronize() if self.device == "cuda" else None
                started = time.time()
        torch.cuda.synchronize() if self.device == "cuda" else None
        print(f"U-Net, batch {n}: {15 * n / (time.time() - started):.0f} samples/s", flush=True)
        if self.device == "cuda":
            print(f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB", flush=True)

    def v_loss(self, net, z, text, t, noise):
        a = self.alpha[t].sqrt()[:, None, None, None]
        s = (1 - self.alpha[t]).sqrt()[:, None, None, None]
        noisy = (a * z + s * noise).to(memory_format=torch.channels_last)
        return (net(noisy, t, text).float() - (a * noise - s * z)).pow(2).mean()

    def unet(self):
        self.prepare_noise()
        encoder, mean, std = self.encoder()
        source, before = self.source(), self.interrupted("unet")
        net = UNet()
        if (self.work / "unet-start.pt").exists():
            net.load_state_dict(self.load("unet-start")["weights"])
        net = self.place(net)
        step = self.compiled(lambda z, text, t, noise: self.v_loss(net, z, text, t, noise))
        optimiser = Muon(net, adam=NOT_MATRICES, ema=0.999)
        pool = Pool(source, encoder, mean, std, self.o.pool)
        started = time.time()
        while pool.filled < min(self.o.pool, self.batch * 64):
            pool.grow(min(max(256, self.batch), 4096, self.o.pool))
        print(f"pool: {pool.filled} samples in {time.time() - started:.1f} s", flush=True)

        def loss_of_batch():
            z, text = pool.batch(self.batch)
            return step(z, text, self.noise_levels(self.batch), torch.randn_like(z))

        self.warm(loss_of_batch, net)
        clock, mean_loss = self.clock(before, optimiser, self.o.rate), torch.zeros((), device=self.device)
        while clock.share() < 1:
            loss = loss_of_batch()
            loss.backward()
            optimiser.step(clock.rate())
            mean_loss.lerp_(loss.detach(), 0.02 if clock.steps > before["steps"] + 50 else 1)
            if clock.steps % 4 == 0:
                pool.grow(self.batch)
            clock.report(lambda: f"loss {mean_loss.item():.4f}  {clock.steps * self.batch / 1e6:.2f} M samples, {pool.made / 1e6:.2f} M different")
            self.keep("unet", optimiser, clock)
        self.finish("unet", dict(weights=optimiser.weights(), raw=optimiser.weights(False), config=net.config, steps=clock.steps,
                                 samples=clock.steps * self.batch, seconds=clock.spent()))
        net.load_state_dict(optimiser.weights())
        self.grid("unet", net, source, mean, std, steps=25, guidance=GUIDANCE)

    # --- pairs ------------------------------------------------------------------------------------------------------

    def pairs(self):
        """Teaches the U-Net to keep two things apart: for a prompt with a pair it learns to predict in each half what it predicts there for
        a picture of that half's thing twice, and for all other prompts what it predicts already. That has none of the noise that the data
        has; a little of the data is left in, for what it does not know. Half of the pairs are as the network draws them itself, with what it
        does wrong (as in Ross et al. 2011, arXiv:1011.0686): they are drawn three times, by what has been learnt until then."""
        self.prepare_noise()
        encoder, mean, std = self.encoder()
        source, before, stored = self.source(), self.interrupted("pairs"), self.load("unet")
        source.mix_pairs(0.52)
        net, teacher, drawer = UNet(), UNet(), UNet()
        for each in (net, teacher):
            each.load_state_dict(stored["weights"])
        net, teacher, drawer = self.place(net), self.place(teacher).requires_grad_(False), self.place(drawer).requires_grad_(False)
        optimiser = Muon(net, adam=NOT_MATRICES, weight_decay=0.0, ema=0.997)
        pool = PairPool(source, encoder, mean, std, min(self.o.pool, 100_000))
        while pool.filled < min(pool.size, self.batch * 32):
            pool.grow(min(max(256, self.batch), 1024, pool.size))
        print(f"pool: {pool.filled} samples", flush=True)
        near = torch.arange(16, device=self.device) < 8
        across, down = near.expand(16, 16), near[:, None].expand(16, 16)

        def loss(n):
            z, text, drawn, halves, split = pool.batch(n)
            pairs, noise = len(halves), torch.randn_like(z)
            t = torch.cat([self.noise_levels(drawn, -2.3, 1.6, 0.15), self.noise_levels(n - drawn, -1.8)])
            a, s = (k.sqrt()[:, None, None, None] for k in (self.alpha[t], 1 - self.alpha[t]))
            noisy = a * z + s * noise
            with torch.no_grad():
                first, second = twice(noisy[:pairs], split)
                seen = torch.cat([first, second, noisy[pairs:], first[:drawn], second[:drawn], noisy[:drawn]])
                null = source.null.to(text.dtype).expand(3 * drawn, -1, -1)
                said = teacher(seen.to(memory_format=torch.channels_last), torch.cat([t[:pairs], t, t[:drawn].repeat(3)]),
                               torch.cat([halves[:, 0], halves[:, 1], text[pairs:], null])).float()
                one, two, others, off_one, off_two, off = said.split([pairs, pairs, n - pairs, drawn, drawn, drawn])
                # with guidance the net is to arrive where the two pictures do, whose predictions without text are others
                one[:drawn] += (1 - 1 / GUIDANCE) * (off - off_one)
                two[:drawn] += (1 - 1 / GUIDANCE) * (off - off_two)
                paired = torch.where(torch.where((split == SIDE_BY_SIDE)[:, None, None], across, down)[:, None], one, two)
                paired[drawn:] = paired[drawn:].lerp((a * noise - s * z)[drawn:pairs], 0.1)
            predicted = net(noisy.to(memory_format=torch.channels_last), t, text).float()
            return (predicted - torch.cat([paired, others])).pow(2).mean()

        due = [0, 0.3, 0.6]

        def after(clock):
            if clock.steps % 4 == 0:
                pool.grow(self.batch)
            late = [share for share in due if share <= clock.share()]
            if late:  # once, also when a run goes on
                del due[:len(late)]
                drawer.load_state_dict(optimiser.weights())
                pool.draw(drawer, GUIDANCE)

        self.in_parts("pairs", before, net, optimiser, self.o.pairs_rate, loss, after)
        source.order = torch.arange(len(source.plans["length"]), device=self.device)
        net.load_state_dict(optimiser.weights())
        self.grid("pairs", net, source, mean, std, steps=25, guidance=GUIDANCE)

    def denoiser(self):
        """What the U-Net has learnt last."""
        return self.load("pairs" if self.done("pairs") else "unet")["weights"]

    # --- few steps --------------------------------------------------------------------------------------------------

    def turbo(self):
        """Distils the guided model into four DDIM steps without guidance, in the manner of progressive distillation
        (Salimans & Ho 2022), all pieces at once.

        The schedule is cut where DDIM with four trailing steps stands. From a point of the teacher's path the student
        predicts what one step of DDIM carries to where the teacher stands at the end of that piece.
        """
        self.prepare_noise()
        _, mean, std = self.encoder()
        source, before = self.source(), self.interrupted("turbo")
        net = UNet()
        net.load_state_dict(self.denoiser())
        net = self.place(net)
        paths = Paths(self.work / "paths", self.o.paths, net, source, GUIDANCE)  # by the net while it is the teacher still
        optimiser = Muon(net, adam=NOT_MATRICES, weight_decay=0.0, ema=0.99)

        def loss(n):
            x, t, text, straight = paths.batch(n)
            v = net(x.to(memory_format=torch.channels_last), t, text).float()  # compiled, it failed on a GPU with 'misaligned address' (PyTorch 2.11)
            return ((v - straight).pow(2) + 1e-4).sqrt().mean()

        self.in_parts("turbo", before, net, optimiser, self.o.turbo_rate, loss)
        net.load_state_dict(optimiser.weights())
        self.grid("turbo", net, source, mean, std, steps=PIECES, guidance=1.0)

    def in_parts(self, name, before, net, optimiser, rate, loss, after=lambda clock: None):
        """Trains for the stage's time.

        loss(n) of n samples; on a CPU each core makes a part of the batch: two that share one kernel wait for each other
        wherever the machine has other work. after(clock) is called after each.
        """
        cores = 1 if self.device == "cuda" else os.cpu_count()
        pool = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))

        def part(_):
            value = loss(self.batch // cores) / cores
            value.backward()
            return value.detach()

        clock, mean_loss = self.clock(before, optimiser, rate, warm_up=30), torch.zeros((), device=self.device)
        while clock.share() < 1:
            value = sum(pool.map(part, range(cores)))
            optimiser.step(clock.rate())
            mean_loss.lerp_(value, 0.03 if clock.steps > before["steps"] + 20 else 1)
            after(clock)
            clock.report(lambda: f"loss {mean_loss.item():.4f}")
            self.keep(name, optimiser, clock)
        self.finish(name, dict(weights=optimiser.weights(), config=net.config, steps=clock.steps, samples=clock.steps * self.batch, seconds=clock.spent()))

    # --- edges ------------------------------------------------------------------------------------------------------

    def controlnet(self):
        """A ControlNet for edges on the U-Net as it is."""
        self.prepare_noise()
        encoder, mean, std = self.encoder()
        source, before = self.source(), self.interrupted("controlnet")
        net, control = UNet(), ControlNet()
        net.load_state_dict(self.denoiser())
        control.start_from(net)
        net, control = self.place(net).requires_grad_(False), self.place(control)
        optimiser = Muon(control, adam=("time_in", "time_out", "text_norm", "conv_in", "hint"), ema=0.995)
        pool = EdgePool(source, encoder, mean, std, self.o.pool)
        while pool.filled < min(self.o.pool, self.batch * 32):
            pool.grow(min(max(256, self.batch), 1024, self.o.pool))
        print(f"pool: {pool.filled} samples", flush=True)
        full = torch.ones((), device=self.device)

        def loss(n):
            z, text, hint = pool.batch(n)
            t = self.noise_levels(n)
            noise = torch.randn_like(z)

            def predict(noisy, t, text):
                return net(noisy, t, text, *control(noisy, t, text, hint.to(memory_format=torch.channels_last), full))

            return self.v_loss(predict, z, text, t, noise)

        self.in_parts("controlnet", before, control, optimiser, self.o.control_rate, loss,
                      after=lambda clock: pool.grow(self.batch) if clock.steps % 4 == 0 else None)

    # --- pictures into the text's space -----------------------------------------------------------------------------

    def image_encoder(self):
        """Contrastive (CLIP, Radford et al. 2021) against the fixed text encoder's mean of the token states."""
        encoder, mean, std = self.encoder()
        decoder = Decoder()
        decoder.load_state_dict(self.load("autoencoder")["decoder"])
        decoder = self.place(decoder).requires_grad_(False)
        source, before = self.source(), self.interrupted("image_encoder")
        net = self.place(ImageEncoder())
        optimiser = Muon(net, adam=("conv_in",), ema=0.995)
        run, n, looks = self.compiled(net), self.batch, 4 * self.o.looks

        def hit():
            pictures, plan = source.pictures(looks)
            with torch.no_grad():
                features = F.normalize(net(pictures.to(self.kind).to(memory_format=torch.channels_last)).float(), dim=-1)
                text = self.pooled(source.states(plan), plan["length"])
                return ((features @ text.T).argmax(1) == torch.arange(looks, device=self.device)).float().mean().item()

        self.warm(lambda: run(source.pictures(n)[0].to(self.kind).to(memory_format=torch.channels_last)).float().sum(), net)
        clock = self.clock(before, optimiser, 3e-3)
        while clock.share() < 1:
            pictures, plan = source.pictures(n)
            pictures = pictures.to(self.kind).to(memory_format=torch.channels_last)
            with torch.no_grad():  # half of them as the autoencoder draws them, some with blemishes: so are generated ones
                z = encoder(pictures[: n // 2])
                z = z + torch.rand(n // 2, 1, 1, 1, device=self.device).to(z.dtype) * 0.25 * std.to(z.dtype) * torch.randn_like(z)
                pictures[: n // 2] = decoder(z).clamp(-1, 1)
            text = self.pooled(source.states(plan), plan["length"])
            features = F.normalize(run(pictures).float(), dim=-1)
            logits = features @ text.T * 25
            target = torch.arange(n, device=self.device)
            loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
            loss.backward()
            optimiser.step(clock.rate())
            clock.report(lambda: f"loss {loss.item():.4f}  right caption of {looks}: {hit():.1%}")
            self.keep("image_encoder", optimiser, clock)
        weights = optimiser.weights()
        net.load_state_dict(weights)
        print(f"image encoder: right caption of {looks}: {hit():.1%}", flush=True)
        self.finish("image_encoder", dict(weights=weights, steps=clock.steps, samples=clock.steps * n))

    @staticmethod
    def pooled(states, lengths):
        return F.normalize(states.float().sum(1) / lengths.float()[:, None], dim=-1)

    # --- pictures as prompts ------------------------------------------------------------------------------------------

    def image_prompt(self):
        """What the U-Net, as it is, makes a picture of in the place of its caption: first the caption's states, then what makes it predict as
        with the caption, and a little of what the caption does not say. Its prediction has none of the noise that the data has, and so few
        samples say much."""
        self.prepare_noise()
        encoder, mean, std = self.encoder()
        source, before = self.source(), self.interrupted("image_prompt")
        net, seeing, prompt = UNet(), ImageEncoder(), ImagePrompt()
        net.load_state_dict(self.denoiser())
        seeing.load_state_dict(self.load("image_encoder")["weights"])
        net, seeing = (self.place(each).requires_grad_(False) for each in (net, seeing))
        if (self.work / "image_prompt-start.pt").exists():
            prompt.load_state_dict(self.load("image_prompt-start")["weights"])
            before.setdefault("started", True)
        prompt = prompt.to(self.device)
        pool = FeaturePool(source, encoder, mean, std, self.o.pool, seeing)
        while pool.filled < min(self.o.pool, self.batch * 64):
            pool.grow(min(max(256, self.batch), 1024, self.o.pool))
        print(f"pool: {pool.filled} samples", flush=True)
        if not before["steps"] and not before.get("started"):
            adam = torch.optim.Adam(prompt.parameters(), 2e-3)
            for _ in range(4 * self.o.looks):
                _, text, features = pool.batch(self.batch)
                loss = (prompt(features) - prompt.told(text.float())).pow(2).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
            print(f"of the states of captions: {loss.item():.4f} off", flush=True)
        optimiser = Muon(prompt, adam=("first", "second"), weight_decay=0.0, ema=0.995)

        def loss(n):
            z, text, features = pool.batch(n)
            t, noise = self.noise_levels(n), torch.randn_like(z)
            a, s = (k.sqrt()[:, None, None, None] for k in (self.alpha[t], 1 - self.alpha[t]))
            noisy = (a * z + s * noise).to(memory_format=torch.channels_last)
            with torch.no_grad():
                wanted = net(noisy, t, text).float().lerp(a * noise - s * z, 0.2)
            return (net(noisy, t, prompt(features).to(self.kind)).float() - wanted).pow(2).mean()

        self.in_parts("image_prompt", before, prompt, optimiser, self.o.prompt_rate, loss,
                      after=lambda clock: pool.grow(self.batch) if clock.steps % 4 == 0 else None)

    # --- a look -----------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def grid(self, name, net, source, mean, std, steps, guidance):
        """Draws the overview's prompts by DDIM, trailing steps, and writes WORK/<name>.png."""
        from PIL import Image
        decoder = Decoder()
        decoder.load_state_dict(self.load("autoencoder")["decoder"])
        decoder = decoder.to(self.device)
        prompts = OVERVIEW[:self.o.looks]
        text = source.text.prompts(prompts, source.tokens, self.device)
        noise = torch.randn(len(prompts), 4, 16, 16, generator=torch.Generator().manual_seed(42)).to(self.device)
        x = ddim(net, noise, text, source.null, steps, guidance)
        pictures = ((decoder(x * std + mean).clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        sheet = Image.new("RGB", (8 * 130, -(-len(pictures) // 8) * 130), "white")
        for i, p in enumerate(pictures):
            sheet.paste(Image.fromarray(p), (i % 8 * 130, i // 8 * 130))
        sheet.save(self.work / f"{name}.png")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("stages", nargs="+", metavar="STAGE=SECONDS:BATCH")
    p.add_argument("--data", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--plans", type=int, default=200_000, help="how many different pictures there are")
    p.add_argument("--pool", type=int, default=400_000, help="encoded pictures kept at a time")
    p.add_argument("--rate", type=float, default=3e-3, help="peak learning rate of U-Net")
    p.add_argument("--pairs-rate", type=float, default=4e-4)
    p.add_argument("--paths", type=int, default=16_384, help="of the teacher, for turbo")
    p.add_argument("--turbo-rate", type=float, default=6e-4)
    p.add_argument("--control-rate", type=float, default=1e-3)
    p.add_argument("--prompt-rate", type=float, default=1e-3)
    p.add_argument("--latent-noise", type=float, default=0.06)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--deadline", type=float, default=math.inf, help="seconds for all stages; what preparations cost, all give up alike")
    p.add_argument("--looks", type=int, default=256, help="how many pictures a finished stage is looked at with, about")
    p.add_argument("--every", type=float, default=60, help="seconds after which an unfinished stage is written again")
    options = p.parse_args()
    training, failed, started = Training(options), [], time.time()
    stages = [(n.replace("-", "_"), *r.split(":")) for n, _, r in (stage.partition("=") for stage in options.stages)]
    for name in [name for name, _, _ in stages if training.done(name)]:
        print(f"--- {name} is there", flush=True)
    stages = [stage for stage in stages if not training.done(stage[0])]
    for i, (name, seconds, batch) in enumerate(stages):
        wanted = sum(float(s) + PREPARATION for _, s, _ in stages[i:])
        share = min(1.0, (options.deadline - (time.time() - started)) / wanted)
        training.seconds, training.batch = max(1.0, (float(seconds) + PREPARATION) * share - PREPARATION), int(batch)
        print(f"--- {name}: {training.seconds:.0f} s, batch {batch}", flush=True)
        try:  # a stage that fails must not cost those after it the machine's time
            getattr(training, name)()
        except Exception:
            traceback.print_exc()
            failed.append(name)
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
