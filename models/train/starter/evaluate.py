"""Draws with the exported ONNX files, as the services do, and measures what comes out.

usage: python -m starter.evaluate DATA MODEL TEXT_ENCODER.onnx OUT [--steps N] [--guidance G] [--only SET,...]

Writes OUT/<set>.png with every picture and its prompt and OUT/report.json. A picture shows the right concept when the
nearest of the training drawings, in the space of the image encoder, is of it. Sets that are drawn only when asked for:
  settings  guidance 1, 3, 5 by steps 4, 10, 20, 50, whatever --steps and --guidance say; a quarter of --count in each
  copies    five times --count pictures on white, each against the training drawings of its concept
  edges     what the ControlNet of --control makes of the edges of painted pictures
"""
import argparse
import json
import pathlib
import sys
import time

import numpy as np
import onnxruntime
import torch
from PIL import Image, ImageDraw

from .captions import BACKGROUNDS, HUES, SCENES, article
from .compose import Canvas
from .copies import Drawings
from .edges import agreement, edges
from .prompts import OVERVIEW, UNSEEN_COLOURS
from .text import tokenizer


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options)


class Model:
    """DDIM with trailing timesteps and classifier-free guidance, over the files of a model folder."""

    def __init__(self, folder, shared, text_encoder, tokens, control=None):
        self.unet = session(folder / "unet/model.onnx")
        if control:
            self.control, self.controlled = session(control / "model.onnx"), session(folder / "unet/controlled.onnx")
        self.decoder = session(shared / "vae_decoder/model.onnx")
        self.text, self.tokens = session(text_encoder), tokens
        self.alpha = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))]).astype(np.float32)

    def encode(self, prompt):
        ids = np.array([self.tokens.encode(prompt).ids[:32]], np.int64)
        return self.text.run(["output_0"], {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0]

    def predict(self, feed, hint):
        if hint is None:
            return self.unet.run(None, feed)[0]
        seen = {"controlnet_cond": hint.repeat(len(feed["sample"]), 0), "conditioning_scale": np.array(1, np.float32)}
        residuals = zip((o.name for o in self.control.get_outputs()), self.control.run(None, feed | seen))
        return self.controlled.run(None, feed | {n.replace("res_sample", "additional_residual"): r for n, r in residuals})[0]

    def draw(self, prompt, seed, steps, guidance, hint=None):
        """hint: what the ControlNet sees, [1, 3, 128, 128] in 0..1 -> RGB uint8 [128, 128, 3]"""
        on, off = self.encode(prompt), self.encode("")
        text = on if guidance <= 1 else np.concatenate([np.pad(off, ((0, 0), (0, on.shape[1] - off.shape[1]), (0, 0))), on])
        x = np.random.default_rng(seed).standard_normal((1, 4, 16, 16)).astype(np.float32)
        times = [round(1000 - i * 1000 / steps) - 1 for i in range(steps)]
        for t, to in zip(times, times[1:] + [-1]):
            v = self.predict({"sample": x.repeat(len(text), 0), "timestep": np.array([t]), "encoder_hidden_states": text}, hint)
            v = v if guidance <= 1 else v[:1] + guidance * (v[1:] - v[:1])
            a, s = self.alpha[t + 1] ** 0.5, (1 - self.alpha[t + 1]) ** 0.5
            x0 = (a * x - s * v).clip(-5, 5)
            x = self.alpha[to + 1] ** 0.5 * x0 + (1 - self.alpha[to + 1]) ** 0.5 * (x - a * x0) / s
        picture = self.decoder.run(None, {"latent_sample": x.astype(np.float32)})[0][0]
        return ((picture.transpose(1, 2, 0) + 1) * 127.5).round().clip(0, 255).astype(np.uint8)


class Judge:
    """Features of the training drawings, on white and in other surroundings, and of the letters."""

    def __init__(self, canvas, encoder):
        self.encoder, self.art = session(encoder), canvas.art
        rng = np.random.default_rng(5)
        rows, labels = [], []
        for i, s in enumerate(self.art.sprites):
            if s["kind"] != "accessory":
                for variant in range(4):
                    rows.append((i, variant, rng.integers(len(self.art.scenes)), rng.integers(0, 256, 3)))
                    labels.append(s["label"])
        self.labels, features = np.array(labels), []
        for start in range(0, len(rows), 256):
            features.append(self.features(self.painted(canvas, rows[start:start + 256]).numpy()))
        self.reference = np.concatenate(features)

    @staticmethod
    def painted(canvas, rows):
        """rows: (sprite, variant, scene, background) -> pictures of it on white, on the background, in the scene, small on white"""
        n = len(rows)
        plan = dict(bank=torch.full((n, 1), -1, dtype=torch.int32), place=torch.zeros(n, 1, 4), effect=torch.zeros(n, dtype=torch.int8),
                    background=torch.zeros(n, dtype=torch.int8), scene=torch.zeros(n, dtype=torch.int32), colours=torch.full((n, 6), 255, dtype=torch.uint8))
        for k, (i, variant, scene, colour) in enumerate(rows):
            plan["bank"][k, 0] = int(i)
            plan["place"][k, 0] = torch.tensor([64.0, (64, 64, 76, 64)[variant], (1.0, 0.9, 0.7, 0.5)[variant], 0.0])
            plan["background"][k] = (0, 1, 2, 0)[variant]
            plan["scene"][k] = int(scene)
            if variant == 1:
                plan["colours"][k] = torch.from_numpy(np.tile(colour, 2).astype(np.uint8))
        return canvas.paint(plan)

    def features(self, pictures):
        f = self.encoder.run(None, {"sample": pictures.astype(np.float32)})[0]
        return f / np.linalg.norm(f, axis=1, keepdims=True)

    def nearest(self, picture, count=5, among=None):
        """Labels of the nearest drawings, each once."""
        p = picture.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
        similarity = self.reference @ self.features(p)[0]
        found = []
        for i in np.argsort(-similarity):
            label = self.labels[i]
            if label not in found and (among is None or label in among):
                found.append(label)
                if len(found) == count:
                    break
        return found


def hue_name(picture):
    """The named hue of what stands on white."""
    from .art import hue_saturation_value
    hue, saturation, value = hue_saturation_value(picture)
    weight = ((saturation > 0.25) * saturation * (value > 0.2)).ravel()
    if weight.sum() < 100:
        return "none"
    names, centres = list(HUES), np.array(list(HUES.values()))
    nearest = np.abs((hue.ravel()[:, None] - centres[None] + 0.5) % 1 - 0.5).argmin(1)
    return names[np.bincount(nearest, weights=weight, minlength=len(names)).argmax()]


def sheet(pictures, captions, marks, path, columns=12):
    out = Image.new("RGB", (columns * 132, -(-len(pictures) // columns) * 146), "white")
    draw = ImageDraw.Draw(out)
    for i, (p, caption, good) in enumerate(zip(pictures, captions, marks)):
        x, y = i % columns * 132, i // columns * 146
        out.paste(Image.fromarray(p), (x, y + 14))
        draw.text((x + 1, y), caption[:24], fill={True: (0, 110, 0), False: (200, 0, 0), None: (0, 0, 0)}[good])
    out.save(path)


class Evaluation:
    def __init__(self, model, judge, canvas, options):
        self.model, self.judge, self.canvas, self.art, self.o, self.report = model, judge, canvas, canvas.art, options, {}
        drawings = {}
        for s in self.art.sprites:
            if s["kind"] == "drawing":
                drawings.setdefault(s["label"], s["names"][0])
        self.names = drawings
        self.chosen = list(np.random.default_rng(2026).permutation(sorted(drawings)))

    def draw(self, prompt, seed):
        return self.model.draw(prompt, seed, self.o.steps, self.o.guidance)

    def run(self, name, cases, right):
        """cases: (prompt, what is right); right(picture, what) -> dict of bools, 'right' first"""
        started, pictures, marks = time.time(), [], []
        for n, (prompt, what) in enumerate(cases):
            pictures.append(self.draw(prompt, 1000 + n))
            marks.append(right(pictures[-1], what) if right else {"right": None})
        sheet(pictures, [c[0] for c in cases], [next(iter(m.values())) for m in marks], self.o.out / f"{name}.png")
        if right:
            self.report[name] = {"pictures": len(cases)} | {k: round(float(np.mean([m[k] for m in marks])), 3) for k in marks[0]}
            print(name, self.report[name], f"{(time.time() - started) / len(cases):.2f} s a picture", flush=True)

    def overview(self):
        self.run("overview", [(p, None) for p in OVERVIEW], None)

    def concept(self, picture, label):
        found = self.judge.nearest(picture)
        return {"right": found[0] == label, "among five": label in found}

    def white(self):
        self.run("white", [(article(self.names[c]), c) for c in self.chosen[: self.o.count]], self.concept)

    def scenes(self):
        phrases = [p[0] for p in SCENES.values()]
        self.run("scenes", [(f"{article(self.names[c])} {phrases[i % len(phrases)]}", c) for i, c in enumerate(self.chosen[: self.o.count])], self.concept)

    def pairs(self):
        def both(picture, what):
            halves = [Image.fromarray(picture[32:96, x:x + 64]).resize((128, 128), Image.BICUBIC) for x in (0, 64)]
            found = [self.judge.nearest(np.asarray(h)) for h in halves]
            hits = [f[0] == w for f, w in zip(found, what)]
            return {"right": all(hits), "at least one": any(hits), "both among five": all(w in f for f, w in zip(found, what))}

        c = self.chosen
        half = self.o.count // 2
        self.run("pairs", [(f"{article(self.names[c[i]])} and {article(self.names[c[i + half]])}", (c[i], c[i + half])) for i in range(half)], both)

    def colours(self):
        self.run("colours", [(prompt, colour) for _, colour, prompt in UNSEEN_COLOURS], lambda p, colour: {"right": hue_name(p) == colour})

    def backgrounds(self):
        def right(picture, name):
            corners = np.concatenate([picture[:6, :6].reshape(-1, 3), picture[:6, -6:].reshape(-1, 3)]).astype(float).mean(0)
            return {"right": min(BACKGROUNDS, key=lambda b: np.abs(np.array(BACKGROUNDS[b]) - corners).sum()) == name}

        cases = [(f"{article(self.names[c])} on a {b} background".replace("a orange", "an orange"), b)
                 for i, b in enumerate(BACKGROUNDS) for c in self.chosen[i * 5:i * 5 + 5]]
        self.run("backgrounds", cases, right)

    def letters(self):
        glyphs = sorted({s["label"] for s in self.art.sprites if s["kind"] == "glyph"})
        cases = [((f"the letter {g}" if g.isalpha() else f"the number {g}"), g) for g in glyphs]
        self.run("letters", cases, lambda p, g: {"right": self.judge.nearest(p, 1)[0] == g})


    def settings(self):
        """Rows of the sheet are steps within guidance, columns the first prompts of the overview."""
        few, columns, rows, report = max(2, self.o.count // 4), OVERVIEW[:10] + OVERVIEW[14:18], [], []
        phrases = [p[0] for p in SCENES.values()]
        for guidance in (1.0, 3.0, 5.0):
            for steps in (4, 10, 20, 50):
                shown = [self.model.draw(p, 1000 + n, steps, guidance) for n, p in enumerate(columns)]
                rows += [(p, f"{steps} steps, guidance {guidance:g}" if n == 0 else columns[n]) for n, p in enumerate(shown)]
                marks = {"white": [], "scenes": []}
                for n, c in enumerate(self.chosen[:few]):
                    for name, phrase in (("white", ""), ("scenes", " " + phrases[n % len(phrases)])):
                        picture = self.model.draw(article(self.names[c]) + phrase, 1000 + n, steps, guidance)
                        marks[name].append(self.judge.nearest(picture)[0] == c)
                report.append({"guidance": guidance, "steps": steps} | {k: round(float(np.mean(v)), 3) for k, v in marks.items()})
                print(report[-1], flush=True)
        sheet([p for p, _ in rows], [t for _, t in rows], [None] * len(rows), self.o.out / "settings.png", columns=len(columns))
        self.report["settings"] = {"pictures": few, "cells": report}

    def copies(self):
        """How near a picture on white is to a training drawing laid over it; the sheet shows the nearest and their drawings."""
        drawings, found = Drawings(self.canvas), []
        for n in range(5 * self.o.count):
            c = self.chosen[n % len(self.chosen)]
            picture = self.draw(article(self.names[c]), 50_000 + n)
            found.append((*drawings.nearest(picture, c), picture, c))
        found.sort(key=lambda f: -f[0])
        shown = [f for f in found if f[0] > 14][::max(1, len(found) // 60)]
        sheet([p for psnr, drawing, picture, c in shown for p in (picture, drawing)],
              [t for psnr, drawing, picture, c in shown for t in (c, f"{psnr:.1f} dB")], [None] * len(shown) * 2, self.o.out / "copies.png")
        self.report["copies"] = {"pictures": len(found)} | {f"{d} dB": sum(f[0] >= d for f in found) for d in (18, 20, 22, 24, 26)}
        print("copies", self.report["copies"], flush=True)

    def edges(self):
        """The edges of a painted picture of the concept, with its name as prompt: does what is drawn have them?"""
        sprites = {s["label"]: i for i, s in enumerate(self.art.sprites) if s["kind"] == "drawing"}
        rng, shown, marks = np.random.default_rng(7), [], []
        for n, c in enumerate(self.chosen[: self.o.count]):
            wanted = edges(self.judge.painted(self.canvas, [(sprites[c], n % 4, rng.integers(len(self.art.scenes)), rng.integers(0, 256, 3))]))[0]
            hint, prompt = wanted.expand(1, 3, -1, -1).numpy(), article(self.names[c])
            pictures = {"controlled": self.model.draw(prompt, 1000 + n, self.o.steps, self.o.guidance, hint),
                        "free": self.draw(prompt, 1000 + n)}
            mark = self.concept(pictures["controlled"], c)
            for name, p in pictures.items():
                precision, recall = agreement(edges(torch.from_numpy(p).permute(2, 0, 1)[None] / 127.5 - 1)[0], wanted)
                mark |= {f"{name}: edges asked for": precision, f"{name}: edges found again": recall}
            marks.append(mark)
            shown += [(np.repeat(255 - wanted.numpy()[..., None] * 255, 3, 2).astype(np.uint8), ""), (pictures["controlled"], c), (pictures["free"], "without")]
        sheet([p for p, _ in shown], [t for _, t in shown], [None] * len(shown), self.o.out / "edges.png")
        self.report["edges"] = {"pictures": len(marks)} | {k: round(float(np.mean([m[k] for m in marks])), 3) for k in marks[0]}
        print("edges", self.report["edges"], flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=pathlib.Path)
    p.add_argument("model", type=pathlib.Path)
    p.add_argument("text_encoder")
    p.add_argument("out", type=pathlib.Path)
    p.add_argument("--shared", type=pathlib.Path, help="the model that has the decoder and the image encoder, where it is another")
    p.add_argument("--control", type=pathlib.Path, help="a ControlNet's folder")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--guidance", type=float, default=3.0)
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--only", default="overview,white,scenes,pairs,colours,backgrounds,letters")
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    shared = o.shared or o.model
    canvas = Canvas(o.data, o.data / "bank.pt", "cpu")
    judge = Judge(canvas, shared / "image_encoder/model.onnx")
    evaluation = Evaluation(Model(o.model, shared, o.text_encoder, tokenizer(o.data / "tokenizer.json"), o.control), judge, canvas, o)
    for name in o.only.split(","):
        getattr(evaluation, name)()
    report = {"steps": o.steps, "guidance": o.guidance, **evaluation.report}
    (o.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
