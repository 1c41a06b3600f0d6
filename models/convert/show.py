"""Shows pictures enlarged four times, left by bicubic interpolation, right by two runs of an upscaler of scale 2.

usage: python show.py MODEL.onnx OUT.webp PICTURE...
"""
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

EDGE = 10  # pixels that go on beyond the border, as decoder-service does it
PART = (26, 18, 90, 82)  # of each picture


def upscale(session, image):
    padded = np.pad(image, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge").astype(np.float32)
    large = session.run(None, {"pixels": padded.transpose(2, 0, 1)[None]})[0][0].transpose(1, 2, 0)
    return np.clip(np.rint(large[2 * EDGE:-2 * EDGE, 2 * EDGE:-2 * EDGE]), 0, 255).astype(np.uint8)


def main(model, out, files):
    session = onnxruntime.InferenceSession(model)
    part = tuple(4 * side for side in PART)
    width, height = part[2] - part[0], part[3] - part[1]
    sheet = Image.new("RGB", (2 * width * len(files), height))
    for i, file in enumerate(files):
        small = Image.open(file).convert("RGB")
        bicubic = small.resize((4 * small.width, 4 * small.height), Image.BICUBIC)
        upscaled = Image.fromarray(upscale(session, upscale(session, np.asarray(small))))
        sheet.paste(bicubic.crop(part), (2 * i * width, 0))
        sheet.paste(upscaled.crop(part), ((2 * i + 1) * width, 0))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=92)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    model, out, *files = map(pathlib.Path, sys.argv[1:])
    main(model, out, files)
