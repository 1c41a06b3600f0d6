"""What pictures are put together from: sprites (drawings, drawings with accessories, letters) and painted scenes.

usage: python -m starter.art OUT [SCENES]     reads OUT/drawings.* (render.mjs), writes OUT/art.bin (WebP after WebP) and OUT/art.json
                                              with SCENES of each kind in place of 100
"""
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 128
ACCESSORIES = ("sunglasses", "glasses", "crown", "top hat", "graduation cap")
FONTS = ("poppins/800ExtraBold/Poppins_800ExtraBold.ttf", "nunito/900Black/Nunito_900Black.ttf",
         "roboto-slab/800ExtraBold/RobotoSlab_800ExtraBold.ttf")
GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


# --- colour of a drawing -------------------------------------------------------------------------------------------

def hue_saturation_value(rgb):
    c = rgb.astype(np.float32) / 255
    high, low = c.max(-1), c.min(-1)
    d = high - low + 1e-6
    r, g, b = c[..., 0], c[..., 1], c[..., 2]
    hue = np.where(high == r, ((g - b) / d) % 6, np.where(high == g, (b - r) / d + 2, (r - g) / d + 4)) / 6
    return hue, np.where(high > 0, (high - low) / np.maximum(high, 1e-6), 0), high


def dominant_hue(rgba):
    """The hue (0..1) of a drawing that has one clear hue, else None."""
    hue, saturation, value = hue_saturation_value(rgba[..., :3])
    alpha = rgba[..., 3] / 255.0
    weight = alpha * (saturation > 0.35) * (value > 0.3) * saturation
    if weight.sum() < 0.21 * alpha.sum():
        return None
    histogram = np.histogram(hue, 36, (0, 1), weights=weight)[0]
    smooth = histogram + np.roll(histogram, 1) + np.roll(histogram, -1)
    peak = (smooth.argmax() + 0.5) / 36
    near = np.abs((hue - peak + 0.5) % 1 - 0.5) < 0.075
    return float(peak) if (weight * near).sum() / weight.sum() >= 0.72 else None


def is_neutral(rgba):
    """Whether most of a drawing is grey, white or black, so that it can be tinted as a whole."""
    _, saturation, value = hue_saturation_value(rgba[..., :3])
    alpha = rgba[..., 3] / 255.0
    return bool((alpha * (saturation < 0.28) * (value > 0.25)).sum() > 0.6 * alpha.sum())


# --- drawings with accessories -------------------------------------------------------------------------------------

def box(rgba):
    solid = rgba[..., 3] > 20
    ys, xs = np.where(solid.any(1))[0], np.where(solid.any(0))[0]
    return xs[0], ys[0], xs[-1] + 1, ys[-1] + 1


def paste(canvas, rgba, cx, cy, width):
    """Draws a picture `width` pixels wide, centred at cx, cy, on a premultiplied RGBA canvas of floats 0..255."""
    height = max(1, round(width * rgba.shape[0] / rgba.shape[1]))
    alpha = rgba[..., 3:].astype(np.float32) / 255
    premultiplied = np.concatenate([rgba[..., :3] * alpha, alpha * 255], -1)
    small = np.stack([np.asarray(Image.fromarray(premultiplied[..., c]).resize((width, height), Image.BICUBIC))
                      for c in range(4)], -1).clip(0, 255)
    x, y = round(cx - width / 2), round(cy - height / 2)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(SIZE, x + width), min(SIZE, y + height)
    if x1 > x0 and y1 > y0:
        part = small[y0 - y:y1 - y, x0 - x:x1 - x]
        canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - part[..., 3:] / 255) + part


def straight(canvas):
    alpha = canvas[..., 3:]
    return np.concatenate([canvas[..., :3] * 255 / np.maximum(alpha, 1), alpha], -1).clip(0, 255).astype(np.uint8)


def wearing(face, accessory, animal, name):
    """A face that wears something, on a transparent canvas."""
    hat = name not in ("sunglasses", "glasses")
    scale = 0.78 if hat else 1.0
    cx, cy = 64, 64 + (14 if hat else 0)
    canvas = np.zeros((SIZE, SIZE, 4), np.float32)
    paste(canvas, face, cx, cy, int(SIZE * scale))
    x0, y0, x1, y1 = box(face)
    a0, b0, a1, b1 = box(accessory)
    accessory = accessory[b0:b1, a0:a1]
    width, height = (x1 - x0) * scale, (y1 - y0) * scale
    top, middle = cy + (y0 - 64) * scale, cx + ((x0 + x1) / 2 - 64) * scale
    if hat:
        w = width * (0.50 if name == "crown" else 0.58)
        h = w * accessory.shape[0] / accessory.shape[1]
        bottom = top + height * (0.20 if animal else 0.12) + 2
        if bottom - h < 1:  # never cut off at the top
            w, h = w * (bottom - 1) / h, bottom - 1
        paste(canvas, accessory, middle, bottom - h / 2, int(w))
    else:
        paste(canvas, accessory, middle, top + height * (0.50 if animal else 0.42), int(width * (0.66 if animal else 0.84)))
    return straight(canvas)


def glyph(font, character):
    """A red letter or digit with a light edge above and a dark one below, so that it has the drawings' depth."""
    font = ImageFont.truetype(font, 118)
    mask = Image.new("L", (SIZE, SIZE))
    x0, y0, x1, y1 = font.getbbox(character)
    ImageDraw.Draw(mask).text((64 - (x0 + x1) / 2, 64 - (y0 + y1) / 2), character, 255, font=font)
    alpha = np.asarray(mask, np.float32)
    shade = np.linspace(1.08, 0.82, SIZE)[:, None]
    shade = shade + 0.35 * np.clip(alpha - np.roll(alpha, 3, 0), 0, 255) / 255 - 0.2 * np.clip(alpha - np.roll(alpha, -3, 0), 0, 255) / 255
    rgb = np.array([225, 50, 48])[None, None] * np.clip(shade, 0.5, 1.13)[..., None]
    return np.concatenate([rgb, alpha[..., None]], -1).clip(0, 255).astype(np.uint8)


# --- scenes --------------------------------------------------------------------------------------------------------

YY, XX = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


class Painter:
    """One background of a kind, with colours, heights and details drawn by chance."""

    KINDS = ("night", "sunset", "meadow", "beach", "snow", "underwater", "space", "ocean", "forest", "desert", "city",
             "sky", "garden", "mountains")

    def __init__(self, rng, sprites):
        self.rng, self.sprites = rng, sprites

    def between(self, a, b):
        return self.rng.uniform(a, b)

    def about(self, colour, spread=10):
        return np.clip(np.array(colour) + self.rng.normal(0, spread, 3) * 0.6, 0, 255)

    def fade(self, top, bottom):
        t = np.linspace(0, 1, SIZE)[:, None, None]
        picture = (1 - t) * self.about(top) + t * self.about(bottom)
        return np.broadcast_to(picture, (SIZE, SIZE, 3)).astype(np.float32).copy()

    def disc(self, im, cx, cy, r, colour, soft=1.5):
        mask = np.clip((r - np.hypot(XX - cx, YY - cy)) / soft + 0.5, 0, 1)[..., None]
        im[:] = im * (1 - mask) + np.array(colour) * mask

    def dots(self, im, low, high, r0, r1, colour, bottom=SIZE):
        for _ in range(self.rng.integers(low, high)):
            self.disc(im, self.between(0, SIZE), self.between(0, bottom), self.between(r0, r1), colour, 1)

    def ground(self, im, base, wave, top, bottom):
        y = base + wave * np.sin(XX[0] / self.between(16, 30) + self.between(0, 6))
        mask = np.clip(YY - y[None] + 0.5, 0, 1)[..., None]
        t = np.clip((YY - base) / (SIZE - base + 1e-3), 0, 1)[..., None]
        im[:] = im * (1 - mask) + ((1 - t) * self.about(top) + t * self.about(bottom)) * mask

    def clouds(self, im, low=1, high=3):
        for _ in range(self.rng.integers(low, high)):
            cx, cy = self.between(10, 118), self.between(10, 32)
            for dx in (-8, 0, 8):
                self.disc(im, cx + dx, cy + self.between(-1, 2), self.between(5, 8), (255, 255, 255))

    def peak(self, im, cx, top, half, base, colour, snow):
        y = top + np.abs(XX - cx) * (base - top) / half
        mask = np.clip(YY - y + 0.5, 0, 1) * (YY < base + 6)
        shade = np.where(XX < cx, 1.08, 0.86)[..., None]
        white = ((YY < top + (base - top) * 0.3) * snow)[..., None]
        im[:] = im * (1 - mask[..., None]) + (np.array(colour) * (1 - white) + 245 * white) * shade * mask[..., None]

    def furniture(self, im, label, x, bottom, width):
        """Stands a drawing of the scene's own (a tree, a house) on the ground."""
        canvas = np.zeros((SIZE, SIZE, 4), np.float32)
        rgba = self.sprites[label][self.rng.integers(len(self.sprites[label]))]
        x0, y0, x1, y1 = box(rgba)
        rgba = rgba[y0:y1, x0:x1]
        paste(canvas, rgba, x, bottom - width * rgba.shape[0] / rgba.shape[1] / 2, int(width))
        im[:] = im * (1 - canvas[..., 3:] / 255) + canvas[..., :3]

    def row(self, im, labels, count, bottom, low, high):
        for x in np.linspace(4, SIZE - 4, count) + self.rng.normal(0, 5, count):
            self.furniture(im, labels[self.rng.integers(len(labels))], x, bottom + self.between(-3, 3), self.between(low, high))

    def paint(self, kind):
        rng, horizon = self.rng, self.between(76, 90)
        if kind == "night":
            im = self.fade((12, 18, 58), (40, 52, 110))
            self.dots(im, 18, 32, 0.5, 1.3, (255, 250, 220), 100)
            if rng.random() < 0.5:
                self.disc(im, self.between(90, 112), self.between(14, 26), 9, (250, 240, 190))
            self.ground(im, horizon + 16, 4, (28, 52, 60), (14, 30, 42))
        elif kind == "sunset":
            im = self.fade((110, 70, 150), (255, 165, 80))
            self.disc(im, self.between(30, 98), horizon - 4, self.between(14, 20), (255, 225, 120))
            self.ground(im, horizon, 3, (110, 60, 90), (60, 35, 70))
        elif kind == "meadow":
            im = self.fade((110, 185, 250), (205, 235, 255))
            self.clouds(im)
            self.ground(im, horizon, 4, (130, 205, 95), (70, 160, 70))
        elif kind == "beach":
            im = self.fade((120, 200, 250), (215, 240, 255))
            self.ground(im, horizon - 12, 0.6, (40, 140, 205), (70, 190, 215))
            self.ground(im, horizon + 6, 3, (248, 222, 165), (235, 200, 135))
            if rng.random() < 0.4:
                self.disc(im, self.between(14, 30), self.between(14, 26), 10, (255, 230, 110))
            if rng.random() < 0.4:
                self.furniture(im, "palm tree", rng.choice([16, 112]), horizon + 14, self.between(34, 46))
        elif kind == "snow":
            im = self.fade((165, 195, 225), (220, 232, 245))
            if rng.random() < 0.4:
                self.row(im, ["evergreen tree"], rng.integers(2, 5), horizon + 3, 14, 24)
            self.ground(im, horizon, 4, (250, 252, 255), (225, 235, 248))
            self.dots(im, 16, 30, 0.8, 1.8, (255, 255, 255))
        elif kind == "underwater":
            im = self.fade((60, 170, 220), (15, 60, 130))
            for _ in range(rng.integers(4, 9)):
                x, y, r = self.between(0, SIZE), self.between(0, SIZE), self.between(1.5, 4)
                self.disc(im, x, y, r, (190, 230, 250))
                self.disc(im, x, y, r - 1, (90, 180, 225))
            if rng.random() < 0.5:
                self.ground(im, horizon + 28, 3, (215, 195, 140), (180, 160, 120))
        elif kind == "space":
            im = self.fade((18, 10, 40), (48, 20, 80))
            self.dots(im, 22, 38, 0.4, 1.3, (255, 255, 255))
            if rng.random() < 0.5:
                self.disc(im, self.between(15, 113), self.between(14, 34), self.between(7, 12), self.about((220, 150, 100), 40))
        elif kind == "ocean":
            im = self.fade((120, 195, 250), (215, 238, 255))
            self.ground(im, horizon, 1.2, (45, 140, 215), (20, 85, 160))
        elif kind == "forest":
            im = self.fade((150, 205, 215), (205, 230, 200))
            self.ground(im, horizon - 4, 3, (75, 140, 70), (45, 100, 50))
            self.row(im, ["evergreen tree", "deciduous tree"], rng.integers(5, 8), horizon + 4, 24, 38)
            self.ground(im, horizon + 8, 3, (95, 165, 75), (60, 120, 55))
        elif kind == "desert":
            im = self.fade((250, 205, 140), (255, 232, 190))
            self.disc(im, self.between(14, 114), self.between(14, 30), 10, (255, 240, 170))
            self.ground(im, horizon, 5, (235, 190, 115), (210, 155, 85))
            if rng.random() < 0.6:
                self.furniture(im, "cactus", rng.choice([14, 114]) + rng.normal(0, 4), horizon + 12, self.between(18, 26))
        elif kind == "city":
            im = self.fade((150, 195, 240), (225, 235, 245))
            x = -4
            while x < SIZE:
                w, top, tone = self.between(12, 24), self.between(24, 60), self.about((140, 150, 170), 25)
                inside = (XX >= x) & (XX < x + w) & (YY > top) & (YY < horizon + 8)
                im[inside] = tone
                lit = inside & ((XX - x) % 6 > 2.5) & ((YY - top) % 8 > 4) & (XX < x + w - 2)
                im[lit] = (250, 235, 170) if rng.random() < 0.6 else (205, 225, 240)
                x += w + 1
            self.ground(im, horizon + 8, 0, (125, 128, 138), (95, 98, 108))
        elif kind == "sky":
            im = self.fade((90, 170, 245), (200, 232, 255))
            self.clouds(im, 3, 6)
        elif kind == "garden":
            im = self.fade((130, 200, 250), (215, 240, 255))
            self.ground(im, horizon, 3, (120, 195, 85), (65, 150, 60))
            self.row(im, ["tulip", "blossom", "sunflower", "rose"], rng.integers(5, 8), horizon + 6, 12, 18)
        else:
            im = self.fade((140, 190, 240), (220, 235, 250))
            for cx in self.between(10, 40), self.between(55, 80), self.between(95, 125):
                self.peak(im, cx, self.between(24, 44), self.between(34, 50), horizon + 8, self.about((120, 130, 150)), 1)
            self.ground(im, horizon + 6, 3, (120, 180, 100), (75, 135, 75))
        return im.clip(0, 255).astype(np.uint8)


# --- all of it -----------------------------------------------------------------------------------------------------

def main(out: pathlib.Path, scenes_of_a_kind: int = 100) -> None:
    drawings = json.loads((out / "drawings.json").read_text())
    pixels = np.fromfile(out / "drawings.rgba", np.uint8).reshape(-1, SIZE, SIZE, 4)
    sprites = []  # (metadata, RGBA)
    for d, rgba in zip(drawings, pixels):
        human = d["group"] == 1
        hue = None if human else dominant_hue(rgba)
        sprites.append((d | {"kind": "drawing", "hue": hue, "neutral": hue is None and not human and is_neutral(rgba)}, rgba))
    by_label = {(d["label"], d["source"]): rgba for d, rgba in zip(drawings, pixels)}
    for d, rgba in zip(drawings, pixels):
        if "!" in d["flags"] or "^" in d["flags"]:
            for name in ACCESSORIES:
                accessory = by_label.get((name, d["source"]))
                if accessory is not None:
                    worn = wearing(rgba, accessory, "^" in d["flags"], name)
                    sprites.append((d | {"kind": "accessory", "accessory": name, "hue": None, "neutral": False}, worn))
    fonts = pathlib.Path(__file__).parents[1] / "node_modules/@expo-google-fonts"
    for font in FONTS:
        for character in GLYPHS:
            sprites.append(({"kind": "glyph", "label": character, "names": [character], "source": "font", "flags": "", "group": -1,
                             "hue": 0.0, "neutral": False}, glyph(str(fonts / font), character)))
    rng = np.random.default_rng(1)
    furniture = {}
    for (label, source), rgba in by_label.items():
        if source != "fluent-flat":
            furniture.setdefault(label, []).append(rgba)
    painter = Painter(rng, furniture)
    scenes = [(kind, painter.paint(kind)) for kind in Painter.KINDS for _ in range(scenes_of_a_kind)]

    lengths = []
    with open(out / "art.bin", "wb") as file:
        for image in [rgba for _, rgba in sprites] + [rgb for _, rgb in scenes]:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "WEBP", quality=94, method=4)
            lengths.append(buffer.tell())
            file.write(buffer.getvalue())
    (out / "art.json").write_text(json.dumps({"sprites": [m for m, _ in sprites], "scenes": [k for k, _ in scenes], "lengths": lengths}))
    kinds = [m["kind"] for m, _ in sprites]
    print({k: kinds.count(k) for k in sorted(set(kinds))}, len(scenes), "scenes,", sum(lengths) / 1e6, "MB;",
          sum(m["hue"] is not None for m, _ in sprites), "of one hue,", sum(m["neutral"] for m, _ in sprites), "neutral")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:]))
