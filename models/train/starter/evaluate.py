"""Draws with the exported ONNX files, as the services do, and measures what comes out.

usage: python -m starter.evaluate DATA MODEL TEXT_ENCODER.onnx OUT [--steps N] [--guidance G] [--only SET,...]

Writes OUT/<set>.webp with every picture and its prompt, and what was measured into OUT/report.json, to what is there of
other sets. The pictures are kept in DATA/drawn, so that judging them again draws nothing. A picture shows the right concept
when the nearest of the training drawings, in the space of the image encoder, is of it (starter.judge). Sets that are drawn
only when asked for:
  settings  the guidances by steps of --cells, whatever --steps and --guidance say; a quarter of --count in each
  copies    five times --count pictures on white, each against the training drawings of its concept
  edges     what the ControlNet of --control makes of the edges of painted pictures
  image_prompts  what is drawn of painted pictures in the place of words
  twos      two of one, in the size and the places of pairs
  bound     what the measure of pairs says of the same pairs as the training has them, and of these through the autoencoder
"""
import argparse
import hashlib
import json
import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image, ImageDraw

from .art import ACCESSORIES
from .captions import BACKGROUNDS, EFFECTS, HUES, SCENES, STYLES, Planner, article, natural_colour, plural
from .compose import Canvas
from .copies import Drawings
from .drawing import Model, rgb
from .edges import agreement, edges
from .judge import Judge, blank, painted
from .prompts import OVERVIEW, STYLED, UNSEEN_COLOURS, WEARERS
from .text import tokenizer


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
    out.save(path, quality=80, method=6)


def shares(marks):
    """The mean of every mark over the pictures that have it; where that is not all, with their number."""
    found = {}
    for name in dict.fromkeys(k for m in marks for k in m):
        values = [m[name] for m in marks if name in m]
        found[name if len(values) == len(marks) else f"{name} (of {len(values)})"] = round(float(np.mean(values)), 3)
    return found


class Evaluation:
    def __init__(self, model, judge, canvas, options):
        self.model, self.judge, self.canvas, self.art, self.o, self.report = model, judge, canvas, canvas.art, options, {}
        drawings = {}
        for s in self.art.sprites:
            if s["kind"] == "drawing":
                drawings.setdefault(s["label"], s["names"][0])
        self.names = drawings
        self.chosen = list(np.random.default_rng(2026).permutation(sorted(drawings)))

    def drawn(self, name, prompts, seed=1000, steps=None, guidance=None):
        """-> RGB uint8 [128, 128, 3] of each prompt; kept, every 50, so that what was interrupted goes on and what is there is not drawn again"""
        steps, guidance = steps or self.o.steps, guidance or self.o.guidance
        key = hashlib.sha256(repr((self.model.key, prompts, seed, steps, guidance)).encode()).hexdigest()[:12]
        file, pictures = self.o.data / "drawn" / f"{name}-{key}.npy", []
        file.parent.mkdir(exist_ok=True)
        if file.exists():
            pictures = list(np.load(file))
        started, before = time.time(), len(pictures)
        for n in range(before, len(prompts)):
            pictures.append(self.model.draw(prompts[n], seed + n, steps, guidance))
            if len(pictures) in (len(prompts), *range(0, len(prompts), 50)):
                np.save(file.with_suffix(".tmp.npy"), np.stack(pictures))
                file.with_suffix(".tmp.npy").replace(file)
        if len(prompts) > before:
            print(f"{name}: {(time.time() - started) / (len(prompts) - before):.2f} s a picture", flush=True)
        return pictures

    def sheet(self, name, pictures, captions, marks=None, **layout):
        sheet(pictures, captions, marks or [None] * len(pictures), self.o.out / f"{self.o.prefix}{name}.webp", **layout)

    def tell(self, name, figures):
        self.report[name] = {"steps": self.o.steps, "guidance": self.o.guidance} | figures
        print(name, figures, flush=True)

    def run(self, name, cases, right, **layout):
        """cases: (prompt, what is right); right(picture, what) -> dict of bools, 'right' first, others where they apply"""
        prompts = [prompt for prompt, _ in cases]
        pictures = self.drawn(name, prompts)
        marks = [right(p, what) for p, (_, what) in zip(pictures, cases)]
        self.sheet(name, pictures, prompts, [next(iter(m.values())) for m in marks], **layout)
        self.tell(name, {"pictures": len(cases)} | shares(marks))

    def overview(self):
        prompts = OVERVIEW[: self.o.count]
        self.sheet("overview", self.drawn("overview", prompts), prompts)

    def concept(self, picture, label):
        found = self.judge.nearest(picture)
        return {"right": found[0] == label, "among five": label in found}

    def white(self):
        self.run("white", [(article(self.names[c]), c) for c in self.chosen[: self.o.count]], self.concept)

    def scenes(self):
        phrases = [p[0] for p in SCENES.values()]
        self.run("scenes", [(f"{article(self.names[c])} {phrases[i % len(phrases)]}", c) for i, c in enumerate(self.chosen[: self.o.count])], self.concept)

    def both(self, picture, what):
        halves = [Image.fromarray(picture[32:96, x:x + 64]).resize((128, 128), Image.BICUBIC) for x in (0, 64)]
        found = [self.judge.nearest(np.asarray(h)) for h in halves]
        hits = [f[0] == w for f, w in zip(found, what)]
        return {"right": all(hits), "at least one": any(hits), "both among five": all(w in f for f, w in zip(found, what))}

    def paired(self):
        half = self.o.count // 2
        return list(zip(self.chosen[:half], self.chosen[half:2 * half]))

    def pairs(self):
        self.run("pairs", [(f"{article(self.names[a])} and {article(self.names[b])}", (a, b)) for a, b in self.paired()], self.both)

    def twos(self):
        """Two of one, in the size and the places of pairs: what fails there only, fails for their being different."""
        several = [(f"two {many}", (c, c)) for c in self.chosen if (many := plural(self.names[c]))]
        self.run("twos", several[: self.o.count // 2], self.both)

    def bound(self):
        """Of true pictures nearly all must be right, or the measure is at fault and not the model."""
        cases, planner = self.paired(), Planner(self.art, 1)
        first = {s["label"]: i for i, s in reversed(list(enumerate(self.art.sprites))) if s["kind"] == "drawing"}
        plan = blank(len(cases), 2)
        for n, what in enumerate(cases):
            layers = planner.beside(*((first[c], planner.between(0.46, 0.55)) for c in what), 95 + planner.between(-8, 8))
            plan["bank"][n], plan["place"][n] = torch.tensor([bank for bank, *_ in layers]), torch.tensor([place for _, *place in layers])
        true = self.canvas.paint(plan).numpy()
        self.report["bound"] = {"pictures": len(cases)} | {
            name: shares([self.both(rgb(p), what) for p, what in zip(pictures, cases)])
            for name, pictures in (("as painted", true), ("through the autoencoder", self.model.through_autoencoder(true)))}
        print("bound", self.report["bound"], flush=True)

    def colours(self):
        own = {label: {natural_colour(s) for s in self.art.sprites if s["label"] == label} for label, _, _ in UNSEEN_COLOURS}

        def right(picture, what):
            label, colour = what
            good = hue_name(picture) == colour
            return {"right": good} | ({} if colour in own[label] else {"not its own colour": good})

        self.run("colours", [(prompt, (label, colour)) for label, colour, prompt in UNSEEN_COLOURS][: self.o.count], right)

    def backgrounds(self):
        def right(picture, name):
            corners = np.concatenate([picture[:6, :6].reshape(-1, 3), picture[:6, -6:].reshape(-1, 3)]).astype(float).mean(0)
            return {"right": min(BACKGROUNDS, key=lambda b: np.abs(np.array(BACKGROUNDS[b]) - corners).sum()) == name}

        cases = [(f"{article(self.names[c])} on a {b} background".replace("a orange", "an orange"), b)
                 for i, b in enumerate(BACKGROUNDS) for c in self.chosen[i * 5:i * 5 + 5]]
        self.run("backgrounds", cases[: self.o.count], right)

    def letters(self):
        glyphs = sorted({s["label"] for s in self.art.sprites if s["kind"] == "glyph"})
        cases = [((f"the letter {g}" if g.isalpha() else f"the number {g}"), g) for g in glyphs[: self.o.count]]
        self.run("letters", cases, lambda p, g: {"right": self.judge.nearest(p, 1)[0] == g})

    def closest(self, choices):
        """-> right(picture, what): whether that one of the captions is nearest to the picture in the text's space. choices: what -> caption"""
        names, meanings = list(choices), np.stack([self.model.meaning(caption) for caption in choices.values()])

        def right(picture, what):
            return {"right": names[(meanings @ self.judge.of(picture)).argmax()] == what}

        return right

    def told_apart(self, name, things, choices, caption):
        """Every thing with every choice, whose caption must be nearer to the picture than the thing's other captions."""
        cases = [(caption(t, c), (t, c)) for t in things for c in choices]
        right = {t: self.closest({c: caption(t, c) for c in choices}) for t in things}
        self.run(name, cases, lambda p, what: right[what[0]](p, what[1]), columns=2 * len(choices))

    def styles(self):
        self.told_apart("styles", STYLED[: self.o.count // 4], [names[0] for names in STYLES.values()] + list(EFFECTS), lambda t, s: f"{t}, {s}")

    def accessories(self):
        self.told_apart("accessories", WEARERS[: self.o.count // 4], ["nothing", *ACCESSORIES],
                        lambda t, a: t if a == "nothing" else f"{t} with {a if a.endswith('s') else article(a)}")

    def settings(self):
        """Rows of the sheet are steps within guidance, columns the first prompts of the overview."""
        few, rows, report = max(2, self.o.count // 4), [], []
        columns = (OVERVIEW[:10] + OVERVIEW[14:18])[:few]
        guidances, steps_of = ([float(v) for v in part.split(",")] for part in self.o.cells.split(":"))
        phrases = [p[0] for p in SCENES.values()]
        for guidance in guidances:
            for steps in map(int, steps_of):
                shown = self.drawn("settings", columns, 1000, steps, guidance)
                rows += [(p, f"{steps} steps, guidance {guidance:g}" if n == 0 else columns[n]) for n, p in enumerate(shown)]
                cell = {"guidance": guidance, "steps": steps}
                for name, end in (("white", lambda n: ""), ("scenes", lambda n: " " + phrases[n % len(phrases)])):
                    pictures = self.drawn("settings", [article(self.names[c]) + end(n) for n, c in enumerate(self.chosen[:few])], 1000, steps, guidance)
                    cell[name] = round(float(np.mean([self.judge.nearest(p)[0] == c for p, c in zip(pictures, self.chosen)])), 3)
                report.append(cell)
                print(cell, flush=True)
        self.sheet("settings", [p for p, _ in rows], [t for _, t in rows], columns=len(columns))
        self.report["settings"] = {"pictures": few, "cells": report}

    def copies(self):
        """How near a picture on white is to a training drawing laid over it; the sheet shows the nearest and their drawings."""
        drawings, found = Drawings(self.canvas), []
        labels = [self.chosen[n % len(self.chosen)] for n in range(5 * self.o.count)]
        for picture, c in zip(self.drawn("copies", [article(self.names[c]) for c in labels], 50_000), labels):
            found.append((*drawings.nearest(picture, c), picture, c))
        found.sort(key=lambda f: -f[0])
        shown = ([f for f in found if f[0] > 14] or found)[::max(1, len(found) // 60)]
        self.sheet("copies", [p for psnr, drawing, picture, c in shown for p in (picture, drawing)],
                   [t for psnr, drawing, picture, c in shown for t in (c, f"{psnr:.1f} dB")])
        self.tell("copies", {"pictures": len(found)} | {f"{d} dB": sum(f[0] >= d for f in found) for d in (17, 18, 20, 22, 24, 26)})

    def edges(self):
        """The edges of a painted picture of the concept, with its name as prompt: does what is drawn have them?"""
        sprites = {s["label"]: i for i, s in enumerate(self.art.sprites) if s["kind"] == "drawing"}
        rng, shown, marks = np.random.default_rng(7), [], []
        for n, c in enumerate(self.chosen[: self.o.count]):
            around = ("white", "a colour", "a scene", "small on white")[n % 4]
            wanted = edges(painted(self.canvas, [(sprites[c], around, rng.integers(len(self.art.scenes)), rng.integers(0, 256, 3))]))[0]
            hint, prompt = wanted.expand(1, 3, -1, -1).numpy(), article(self.names[c])
            pictures = {"controlled": self.model.draw(prompt, 1000 + n, self.o.steps, self.o.guidance, hint),
                        "free": self.model.draw(prompt, 1000 + n, self.o.steps, self.o.guidance)}
            mark = self.concept(pictures["controlled"], c)
            for name, p in pictures.items():
                precision, recall = agreement(edges(torch.from_numpy(p).permute(2, 0, 1)[None] / 127.5 - 1)[0], wanted)
                mark |= {f"{name}: edges asked for": precision, f"{name}: edges found again": recall}
            marks.append(mark)
            shown += [(np.repeat(255 - wanted.numpy()[..., None] * 255, 3, 2).astype(np.uint8), ""), (pictures["controlled"], c), (pictures["free"], "without")]
        shown = shown[:72]  # six rows
        self.sheet("edges", [p for p, _ in shown], [t for _, t in shown])
        self.tell("edges", {"pictures": len(marks)} | shares(marks))

    def image_prompts(self):
        """Is what is drawn from a painted picture of the concept, without words? The cosine is that of the image encoder's features of both."""
        sprites = {s["label"]: i for i, s in enumerate(self.art.sprites) if s["kind"] == "drawing"}
        rng, shown, marks = np.random.default_rng(8), [], []
        for n, c in enumerate(self.chosen[: self.o.count]):
            around = ("white", "a colour", "a scene")[n % 3]
            given = painted(self.canvas, [(sprites[c], around, rng.integers(len(self.art.scenes)), rng.integers(0, 256, 3))]).numpy().astype(np.float32)
            drawn = self.model.draw(self.model.see(given), 1000 + n, self.o.steps, self.o.guidance)
            good = self.concept(drawn, c)
            marks.append(good | {f"right, on {around}": good["right"], "cosine": float(self.judge.features(given)[0] @ self.judge.of(drawn))})
            shown += [(rgb(given[0]), c, None), (drawn, "", good["right"])]
        shown = shown[:60]  # five rows
        self.sheet("image_prompts", *(list(column) for column in zip(*shown)))
        self.tell("image_prompts", {"pictures": len(marks)} | shares(marks))


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
    p.add_argument("--cells", default="1,3,5:4,10,20,50", help="guidances and steps of the set settings")
    p.add_argument("--judge-kinds", type=int, help="of scenes among the judge's references; all unless given")
    p.add_argument("--prefix", default="", help="of the sheets' names; the report's name after it, where there is one")
    p.add_argument("--only", default="overview,white,scenes,pairs,colours,backgrounds,letters,styles,accessories")
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    shared = o.shared or o.model
    canvas = Canvas(o.data, o.data / "bank.pt", "cpu")
    judge = Judge(canvas, shared / "image_encoder/model.onnx", o.data, list(canvas.art.scene_ranges)[: o.judge_kinds])
    evaluation = Evaluation(Model(o.model, shared, o.text_encoder, tokenizer(o.data / "tokenizer.json"), o.control), judge, canvas, o)
    file = o.out / f"{o.prefix}report.json"
    if file.exists():
        evaluation.report = json.loads(file.read_text())
    for name in o.only.split(","):
        getattr(evaluation, name)()
    file.write_text(json.dumps(evaluation.report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
