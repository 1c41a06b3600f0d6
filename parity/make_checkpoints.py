#!/usr/bin/env python3
"""Writes a checkpoint in the original single-file layout with random weights.

usage: make_checkpoints.py TEMPLATE OUT.safetensors [fp16|fp32]

TEMPLATE is a folder with a template's tensors.json.gz: of a test's widths (parity/templates/tiny-sd1) or of the real ones
(models/templates/sd1: 4.3 GB). The names are a real checkpoint's, and so are the shapes; weights.py says what the numbers are. The bytes
are the same on every machine.
"""
import gzip
import json
import math
import pathlib
import sys

import numpy
import weights


def original(template: pathlib.Path, own_names: bool) -> dict[str, list[int]]:
    """The single file's tensors with their shapes, by name."""
    tensors = {}
    for part in json.loads(gzip.open(template / "tensors.json.gz").read()).values():
        if own_names:
            tensors |= {name: weight["shape"] for name, weight in part.items()}
            continue
        for weight in part.values():
            source, shape = weight["sources"][0], list(weight["shape"])
            if "identity" in source:
                continue
            if "rows" in source:
                # query, key and value in one, and maybe more
                shape[0] = source.get("of", 3 * shape[0])
            if source.get("transposed"):
                shape.reverse()
            if ".mid.attn_1." in source["tensor"] and len(shape) == 2:
                # a convolution of one pixel there
                shape += [1, 1]
            tensors[source["tensor"]] = shape
    return dict(sorted(tensors.items()))


def main(template: pathlib.Path, out: pathlib.Path, kind: str, own_names: bool = False) -> None:
    """With the graph's own names instead of the first layout's, where that is asked for."""
    write(original(template, own_names), out, kind)


def write(tensors: dict[str, list[int]], out: pathlib.Path, kind: str) -> None:
    """A file of such tensors, in their order."""
    dtype, size = {"fp16": ("F16", 2), "fp32": ("F32", 4)}[kind]
    header, at = {}, 0
    for name, shape in tensors.items():
        end = at + size * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    with out.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in tensors.items():
            file.write(weights.weight(name, shape).astype(numpy.float16 if size == 2 else numpy.float32).tobytes())


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), (sys.argv + ["fp16"])[3])
