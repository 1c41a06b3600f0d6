#!/usr/bin/env python3
"""Exports the graph templates of a model's configuration: its parts as ONNX graphs without weights.

usage: export.py CONFIG OUT

CONFIG is a folder as diffusers writes it, of which only the configurations are read (unet/config.json, vae/config.json,
text_encoder/config.json, text_encoder_2/config.json, scheduler/scheduler_config.json), with a template.json that says what no
configuration does: family, title, prediction, sizes, defaults, limits, and how a single file keeps the text encoders; or of which other
configuration it is a variant (variants.py). OUT gets the template that `latentline models import` reads.
"""
import gzip
import json
import pathlib
import sys
import tempfile

import graphs
import names
import variants

# contract.Limits
MAX_CLIP_SKIP = 12


def main(config: pathlib.Path, out: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        export(variants.complete(config, pathlib.Path(folder)), out)


def export(source: pathlib.Path, out: pathlib.Path) -> None:
    stated = variants.read(source / "template.json")
    unet, vae = variants.read(source / "unet/config.json"), variants.read(source / "vae/config.json")
    out.mkdir(parents=True, exist_ok=True)
    tensors = {}

    def add(folder, part, sources):
        graph, weights = graphs.export(part)
        compressed(out / f"{folder}.onnx.gz", graph)
        tensors[folder] = {name: {"shape": shape, "sources": sources(name)} for name, shape in sorted(weights.items())}
        print(f"{out.name}/{folder}: {len(weights)} weights, graph of {len(graph)} bytes")

    encoders, pooled = [], 0
    for spec in stated["text_encoders"]:
        folder = spec["folder"]
        config = variants.read(source / folder / "config.json")
        part = graphs.text_encoder(config, spec["penultimate"])
        width = config["hidden_size"]
        layout = {"clip": lambda n, s=spec: names.clip(n, s["prefix"]), "open_clip": lambda n, s=spec, w=width: names.open_clip(n, s["prefix"], w)}
        add(folder, part, layout[spec["layout"]])
        encoder = {
            "tokenizer": "tokenizer/tokenizer.json", "model": f"{folder}/model.onnx", "output": "states.0",
            "max_tokens": config["max_position_embeddings"], "hidden_size": width, "pad_id": spec["pad_id"],
            "chunks": True, "skip_outputs": [f"states.{k}" for k in range(1, min(part.skips(), MAX_CLIP_SKIP))],
        }
        if part.projects:
            pooled = config["projection_dim"]
            encoder |= {"pooled_output": "pooled", "pooled_size": pooled}
        encoders.append(encoder)
    add("unet", graphs.unet(unet, pooled), lambda n: names.unet(n, unet))
    add("vae_decoder", graphs.vae_decoder(vae), lambda n: names.vae(n, vae))
    add("vae_encoder", graphs.vae_encoder(vae), lambda n: names.vae(n, vae))

    network = {"model": "unet/model.onnx", "latent_channels": unet["out_channels"], "context_size": unet["cross_attention_dim"]}
    if unet["in_channels"] == 2 * unet["out_channels"] + 1:
        # beside the latents a mask, and the latents of what it leaves of a picture
        network["inpainting"] = True
    elif unet["in_channels"] != unet["out_channels"]:
        raise ValueError(f"a network that takes {unet['in_channels']} channels is not known")
    if unet.get("time_cond_proj_dim"):
        network["guidance_size"] = unet["time_cond_proj_dim"]
    if pooled:
        network["zero_unconditional"] = True
        network["time_ids"] = (unet["projection_class_embeddings_input_dim"] - pooled) // unet["addition_time_embed_dim"]
    autoencoder = {
        "decoder": "vae_decoder/model.onnx", "encoder": "vae_encoder/model.onnx",
        "scale_factor": 2 ** (len(vae["block_out_channels"]) - 1), "scaling_factor": vae["scaling_factor"],
    }
    template = {
        "schema": 1,
        "title": stated["title"],
        "released": stated["released"],
        "prediction": stated["prediction"],
        "sizes": stated["sizes"],
        "manifest": {
            "family": stated["family"], "defaults": stated["defaults"], "limits": stated["limits"], "text_encoders": encoders,
            "unet": network, "vae": autoencoder, "scheduler": "scheduler/scheduler_config.json",
        },
        "scheduler": {k: v for k, v in variants.read(source / "scheduler/scheduler_config.json").items() if not k.startswith("_")},
    }
    (out / "template.json").write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8", newline="\n")
    compressed(out / "tensors.json.gz", json.dumps(tensors, separators=(",", ":")).encode())


def compressed(path: pathlib.Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
