#!/usr/bin/env python3
"""What Pillow and OpenCV make of pictures before a ControlNet sees them.

usage: golden_pictures.py OUT

OUT gets source.png (coloured shapes and noise), resized-WxH.png (Pillow's LANCZOS, with which diffusers resizes) and for some of them
edges-WxH.png (OpenCV's Canny with thresholds 100 and 200). Needs opencv-python-headless 5.0.0.93 beside requirements.txt.
"""
import pathlib
import sys

import cv2
import numpy
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 97, 71
RESIZED = [(97, 71), (97, 40), (30, 71), (256, 192), (64, 64), (13, 200), (8, 8)]


def main(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    source = drawn()
    source.save(out / "source.png", optimize=True)
    for size in RESIZED:
        name = f"{size[0]}x{size[1]}.png"
        resized = source.resize(size, Image.Resampling.LANCZOS)
        resized.save(out / f"resized-{name}", optimize=True)
        edges = cv2.Canny(numpy.array(resized), 100, 200)
        Image.fromarray(edges).convert("RGB").save(out / f"edges-{name}", optimize=True)


def drawn() -> Image.Image:
    """Edges in each direction and colour, touching the border; slopes; and a corner of noise."""
    x, y = numpy.meshgrid(numpy.arange(WIDTH), numpy.arange(HEIGHT))
    slopes = numpy.stack([x * 2, y * 3, x + y], axis=-1).clip(0, 255).astype(numpy.uint8)
    image = Image.fromarray(slopes)
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 8, 50, 48), fill=(250, 20, 30))
    draw.polygon([(40, 60), (96, 30), (80, 70)], fill=(0, 0, 255))
    draw.rectangle((60, 0, 75, 12), fill=(255, 255, 255))
    draw.line((0, 70, 45, 52), fill=(0, 255, 0), width=2)
    pixels = numpy.array(image)
    pixels[50:, :30] = numpy.random.default_rng(7).integers(0, 256, (HEIGHT - 50, 30, 3), dtype=numpy.uint8)
    return Image.fromarray(pixels)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
