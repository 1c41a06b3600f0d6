#!/usr/bin/env python3
"""Exports the graph template of an upscaler of ESRGAN's class: its network as an ONNX graph without weights.

usage: export_upscaler.py CONFIG.json OUT

CONFIG says the scale (2 or 4) and the numbers of blocks, features and growth channels; title and released; and how pictures are cut for it.
OUT gets the template that `latentline models import` reads.
"""
import json
import pathlib
import re
import sys

import graphs
import torch
from export import compressed
from rrdb import RRDBNet
from variants import read

PART = "upscaler"
# a network that takes two by two pixels as one must see each tile's in the same fours as the whole picture's
OF_UNSHUFFLED = {"tile_multiple": 2}


class Upscaler(torch.nn.Module):
    """pixels [1, 3, height, width], RGB in 0..255, to upscaled [1, 3, scale x height, scale x width]: about as large, cut off by who takes it."""

    prefix = None

    def __init__(self, net):
        super().__init__()
        self.net = net

    def inputs(self):
        axes = {2: "height", 3: "width"}
        return {"pixels": torch.rand(1, 3, 9, 12) * 255}, {"pixels": axes}, {"upscaled": {2: "upscaled_height", 3: "upscaled_width"}}

    def forward(self, pixels):
        return self.net(pixels / 255) * 255


def names(name: str, blocks: int) -> list[dict]:
    """What files call a weight besides its own name: as ESRGAN's first files did, with BasicSR's prefixes, as ESRGAN's repository did."""
    layer, kind = name.rsplit(".", 1)
    block = re.fullmatch(r"body\.(\d+)\.rdb(\d)\.(conv\d)", layer)
    if block:
        number, dense, conv = block.groups()
        first, renamed = f"model.1.sub.{number}.RDB{dense}.{conv}.0", f"RRDB_trunk.{number}.RDB{dense}.{conv}"
    else:
        first, renamed = {
            "conv_first": ("model.0", "conv_first"),
            "conv_body": (f"model.1.sub.{blocks}", "trunk_conv"),
            "conv_up1": ("model.3", "upconv1"),
            "conv_up2": ("model.6", "upconv2"),
            "conv_hr": ("model.8", "HRconv"),
            "conv_last": ("model.10", "conv_last"),
        }[layer]
    return [{"tensor": f"{other}.{kind}"} for other in (first, f"params_ema.{layer}", f"params.{layer}", renamed) if other != layer]


def main(config: pathlib.Path, out: pathlib.Path) -> None:
    stated = read(config)
    sizes = {name: stated[name] for name in ("scale", "blocks", "features", "growth")}
    part = Upscaler(graphs.bare(sizes, lambda c: RRDBNet(**c)))
    graph, weights = graphs.export(part)
    out.mkdir(parents=True, exist_ok=True)
    compressed(out / f"{PART}.onnx.gz", graph)
    tensors = {name: {"shape": shape, "sources": names(name, stated["blocks"])} for name, shape in sorted(weights.items())}
    compressed(out / "tensors.json.gz", json.dumps({PART: tensors}, separators=(",", ":")).encode())
    manifest = {"model": f"{PART}/model.onnx", "scale": stated["scale"], "receptive_field": stated["receptive_field"], "tile_size": stated["tile_size"]}
    if part.net.unshuffle == 2:
        manifest |= OF_UNSHUFFLED
    template = {"schema": 1, "title": stated["title"], "released": stated["released"], "manifest": manifest}
    (out / "template.json").write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(f"{out.name}: {len(weights)} weights, graph of {len(graph)} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
