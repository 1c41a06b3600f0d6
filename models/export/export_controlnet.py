#!/usr/bin/env python3
"""Exports the graph template of a ControlNet (Zhang et al. 2023, arXiv:2302.05543) as an ONNX graph without weights.

usage: export_controlnet.py CONFIG.json OUT

CONFIG names the configuration beside its folder whose U-Net it is for, and has title and released; `network` says what such a ControlNet
does not have from its U-Net and not by diffusers' defaults. OUT gets the template that `latentline models import` reads.
"""
import json
import pathlib
import sys
import tempfile

import graphs
import names
import variants
from export import compressed

PART = "controlnet"
# of SDXL's base: the picture's own size, what was cut off of it, the size that is wanted
TIME_IDS = 6


def configuration(config: pathlib.Path) -> tuple[dict, str]:
    """(what diffusers' ControlNetModel is made of, the family of its models)"""
    stated = variants.read(config)
    with tempfile.TemporaryDirectory() as folder:
        source = variants.complete(config.parent.parent / stated["unet"], pathlib.Path(folder) / "config")
        unet = variants.read(source / "unet/config.json")
        family = variants.read(source / "template.json")["family"]
    return {k: v for k, v in unet.items() if k not in ("_class_name", "out_channels", "up_block_types")} | stated.get("network", {}), family


def main(config: pathlib.Path, out: pathlib.Path) -> None:
    stated = variants.read(config)
    of_network, family = configuration(config)
    pooled = 0
    if "projection_class_embeddings_input_dim" in of_network:
        pooled = of_network["projection_class_embeddings_input_dim"] - TIME_IDS * of_network["addition_time_embed_dim"]
    part = graphs.controlnet(of_network, pooled)
    settings = {k: v for k, v in part.net.config.items() if not k.startswith("_")}
    graph, weights = graphs.export(part)
    out.mkdir(parents=True, exist_ok=True)
    compressed(out / f"{PART}.onnx.gz", graph)
    tensors = {name: {"shape": shape, "sources": names.controlnet(name, settings)} for name, shape in sorted(weights.items())}
    compressed(out / "tensors.json.gz", json.dumps({PART: tensors}, separators=(",", ":")).encode())
    template = {
        "schema": 1, "title": stated["title"], "released": stated["released"],
        "manifest": {"families": [family], "model": f"{PART}/model.onnx"}, "settings": settings,
    }
    (out / "template.json").write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(f"{out.name}: {len(weights)} weights, graph of {len(graph)} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
