"""Holds the ONNX files against the originals in TensorFlow.js and fails where they differ.

usage: python compare.py UNPACKED ONNX WORK PICTURE...

The upscalers see a part of each picture (plain JavaScript is slow), of odd sizes too; nsfwjs sees the whole. For nsfwjs the
resizing is part of the comparison: its own is bilinear with aligned corners, and decoder-service has to do the same.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnxruntime
from PIL import Image

PARTS = [(64, 64), (41, 33), (7, 50)]  # width, height
UPSCALER_TOLERANCE = 0.01  # of 0..255
PROBABILITY_TOLERANCE = 1e-4


def resize(image, size):
    """tf.image.resizeBilinear(image, [size, size], alignCorners = true); image is [height, width, 3]."""
    for axis in (0, 1):
        at = np.arange(size, dtype=np.float32) * np.float32((image.shape[axis] - 1) / (size - 1))
        below = np.floor(at).astype(int)
        above = np.minimum(below + 1, image.shape[axis] - 1)
        part = (at - below).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        low, high = image.take(below, axis), image.take(above, axis)
        image = low + (high - low) * part
    return image


def save(folder, name, pixels):
    (folder / f"{name}.rgb").write_bytes(pixels.tobytes())
    (folder / f"{name}.json").write_text(json.dumps({"width": pixels.shape[1], "height": pixels.shape[0]}))


def main(unpacked, onnx_files, work, files):
    pictures = work / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for i, file in enumerate(files):
        pixels = np.asarray(Image.open(file).convert("RGB"))
        width, height = PARTS[i % len(PARTS)]
        save(pictures, file.stem, pixels)
        save(pictures, f"{file.stem}-part", pixels[30:30 + height, 30:30 + width])
    script = pathlib.Path(__file__).with_name("original.mjs")
    subprocess.run(["node", script, unpacked, pictures, work / "original"], check=True, stdout=subprocess.DEVNULL)

    worst = {}
    for answer in sorted((work / "original").glob("*.f32")):
        network, name, _ = answer.name.split(".")
        size = json.loads((pictures / f"{name}.json").read_text())
        pixels = np.frombuffer((pictures / f"{name}.rgb").read_bytes(), np.uint8).reshape(size["height"], size["width"], 3)
        image = pixels.astype(np.float32)
        if network.startswith("nsfwjs"):
            image = resize(image / 255, 224)
        session = onnxruntime.InferenceSession(onnx_files / f"{network}.onnx")
        got = session.run(None, {"pixels": image.transpose(2, 0, 1)[None]})[0]
        if not network.startswith("nsfwjs"):
            got = got[0].transpose(1, 2, 0)
        expected = np.fromfile(answer, np.float32).reshape(got.shape)
        worst.setdefault(network, []).append(float(np.abs(got - expected).max()))
    for network, differences in worst.items():
        print(f"{network}: largest difference {max(differences):.1e} in {len(differences)} pictures")
        if max(differences) > (PROBABILITY_TOLERANCE if network.startswith("nsfwjs") else UPSCALER_TOLERANCE):
            raise SystemExit(f"{network} does not compute what the original computes")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    unpacked, onnx_files, work, *files = map(pathlib.Path, sys.argv[1:])
    main(unpacked, onnx_files, work, files)
