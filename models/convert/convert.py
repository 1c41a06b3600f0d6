"""Converts what unpack.mjs has unpacked: UNPACKED/NAME/model.json to ONNX/NAME.onnx.

usage: python convert.py UNPACKED ONNX
"""
import pathlib
import sys

import onnx

from layers_model import LayersModel
from to_onnx import Graph


def main(unpacked: pathlib.Path, target: pathlib.Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for source in sorted(unpacked.iterdir()):
        graph = Graph(LayersModel(source / "model.json"))
        if source.name.startswith("esrgan-"):
            # RGB, 0..255 in and out; what lies beyond is left to whoever makes bytes of it
            model = graph.build("pixels", [1, 3, "height", "width"], "upscaled", [1, 3, "upscaled_height", "upscaled_width"])
        else:
            # RGB, 0..1; probabilities of the classes
            model = graph.build("pixels", [1, 3, 224, 224], "probabilities", [1, 5])
        file = target / f"{source.name}.onnx"
        onnx.save(model, file)
        print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
