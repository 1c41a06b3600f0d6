#!/usr/bin/env python3
"""Fits a model's previews: a linear map from latents to colours, written into its manifest.json.

usage: preview.py SOURCE ASSEMBLED PICTURE...

SOURCE is the model's folder in this repository, whose manifest.json gets vae.latent_rgb_factors (for each channel of the
latents what it adds to red, green and blue) and vae.latent_rgb_bias; ASSEMBLED the same model complete, as manifest.py
wants it. Names and meaning are ComfyUI's: latents as the U-Net sees them, colours from -1 to 1, so that coefficients that
are published for a family can be written there by hand. The starter's come from the sheets of its training's report:

    python3 models/preview.py models/starter models/target/catalogue/starter models/train/report/*.webp

Crops of the pictures, at random with a fixed seed and in the model's own size, are encoded and decoded again; least squares
find what predicts the mean colour of the f x f pixels that each latent becomes. A quarter of the crops is not fitted to, and
the R^2 that is printed is theirs. Needs numpy, Pillow and onnxruntime. The model's digest changes with its manifest.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

CROPS = 400
HELD_OUT = CROPS // 4


def crops(pictures, width, height):
    """At random, all equally often from each picture: [CROPS, 3, height, width] in -1 to 1."""
    random = np.random.default_rng(0)
    found = []
    for i in range(CROPS):
        picture = pictures[i % len(pictures)]
        top = random.integers(picture.shape[0] - height + 1)
        left = random.integers(picture.shape[1] - width + 1)
        found.append(picture[top : top + height, left : left + width])
    return (np.stack(random.permutation(found)).transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)


def main(source: pathlib.Path, assembled: pathlib.Path, pictures: list) -> None:
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    vae, defaults = manifest["vae"], manifest["defaults"]
    encoder, decoder = (onnxruntime.InferenceSession(str(assembled / vae[part])) for part in ("encoder", "decoder"))
    f = vae["scale_factor"]
    inputs, colours = [], []
    for crop in crops([np.asarray(Image.open(p).convert("RGB")) for p in pictures], defaults["width"], defaults["height"]):
        latents = encoder.run(["latent_sample"], {"sample": crop[None]})[0]
        decoded = decoder.run(["sample"], {"latent_sample": latents})[0][0]
        channels, height, width = latents.shape[1:]
        inputs.append(latents[0].reshape(channels, -1).T * vae["scaling_factor"])
        colours.append(decoded.reshape(3, height, f, width, f).mean(axis=(2, 4)).reshape(3, -1).T)
    with_one = [np.column_stack([rows, np.ones(len(rows))]) for rows in inputs]
    fit, held_out = slice(HELD_OUT, None), slice(HELD_OUT)
    found = np.linalg.lstsq(np.concatenate(with_one[fit]), np.concatenate(colours[fit]), rcond=None)[0].round(4)
    expected = np.concatenate(colours[held_out])
    error = np.concatenate(with_one[held_out]) @ found - expected
    r2 = 1 - (error**2).sum(axis=0) / ((expected - expected.mean(axis=0)) ** 2).sum(axis=0)
    print(f"{manifest['name']}: R^2 of red, green, blue: {', '.join(f'{x:.3f}' for x in r2)} on {HELD_OUT} crops, {CROPS - HELD_OUT} fitted")
    vae["latent_rgb_factors"], vae["latent_rgb_bias"] = found[:-1].tolist(), found[-1].tolist()
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (source / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
