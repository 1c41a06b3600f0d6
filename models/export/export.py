#!/usr/bin/env python3
"""Exports the graph templates of a model's configuration: its parts as ONNX graphs without weights.

usage: export.py CONFIG OUT

CONFIG is a folder as diffusers writes it, of which only the configurations are read (unet/config.json or transformer/config.json,
vae/config.json, text_encoder/config.json and those of further ones, scheduler/scheduler_config.json), with a template.json that says what
no configuration does: family, title, prediction, sizes, defaults, limits, of a refiner the family that it refines, and how a single file
keeps the text encoders; or of which other configuration it is a variant (variants.py). OUT gets the template that `latentline models import`
reads.
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
# by the layout of text encoders; of others CLIP's
TOKENIZERS = {"t5": "t5-tokenizer.json.gz"}
CLIP_TOKENIZER = "clip-tokenizer.json.gz"
NETWORKS = {"SD3Transformer2DModel": (graphs.sd3_transformer, names.sd3), "FluxTransformer2DModel": (graphs.flux_transformer, names.flux)}
# of a text encoder's place in template.json what decides its graph
GRAPH_KEYS = ("layout", "penultimate", "pools")
# of a VAE's configuration what does not
SCALES = ("scaling_factor", "shift_factor")


def main(config: pathlib.Path, out: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = variants.complete(config, pathlib.Path(folder) / config.name)
        for other in variants.read(source / "template.json").get("shares", {}).values():
            variants.complete(config.parent / other, pathlib.Path(folder) / other)
        export(source, out)


def export(source: pathlib.Path, out: pathlib.Path) -> None:
    stated = variants.read(source / "template.json")
    vae = variants.read(source / "vae/config.json")
    out.mkdir(parents=True, exist_ok=True)
    tensors, shares = {}, {}

    def add(folder, part, sources):
        if other := stated.get("shares", {}).get(folder):
            # the graph lies there once
            check_same(source, source.parent / other, folder)
            known = json.loads(gzip.open(out.parent / other / "tensors.json.gz").read())[folder]
            weights = {name: weight["shape"] for name, weight in known.items()}
            shares[folder] = other
        else:
            graph, weights = graphs.export(part())
            compressed(out / f"{folder}.onnx.gz", graph)
            print(f"{out.name}/{folder}: {len(weights)} weights, graph of {len(graph)} bytes")
        tensors[folder] = {name: {"shape": shape, "sources": sources(name)} for name, shape in sorted(weights.items())}

    encoders, pooled, optional = [], 0, []
    for spec in stated["text_encoders"]:
        encoder = (t5 if spec["layout"] == "t5" else clip)(spec, variants.read(source / spec["folder"] / "config.json"), add)
        pooled += encoder.get("pooled_size", 0)
        encoders.append(encoder)
        if spec.get("optional"):
            optional.append(spec["folder"])
    network = unet(source, stated, pooled, add) if (source / "unet").is_dir() else transformer(source, stated, pooled, add)
    prefixes = stated.get("vae_prefixes", [names.VAE])
    add("vae_decoder", lambda: graphs.vae_decoder(vae), lambda n: names.vae(n, vae, prefixes))
    add("vae_encoder", lambda: graphs.vae_encoder(vae), lambda n: names.vae(n, vae, prefixes))

    autoencoder = {
        "decoder": "vae_decoder/model.onnx", "encoder": "vae_encoder/model.onnx",
        "scale_factor": 2 ** (len(vae["block_out_channels"]) - 1), "scaling_factor": vae["scaling_factor"],
    }
    if vae.get("shift_factor"):
        autoencoder["shift_factor"] = vae["shift_factor"]
    template = {
        "schema": 1,
        "title": stated["title"],
        "released": stated["released"],
        "prediction": stated["prediction"],
        "sizes": stated["sizes"],
        "manifest": {key: stated[key] for key in ("family", "refines", "defaults", "limits") if key in stated} | {
            "text_encoders": encoders, "unet": network, "vae": autoencoder, "scheduler": "scheduler/scheduler_config.json",
        },
        "scheduler": {k: v for k, v in variants.read(source / "scheduler/scheduler_config.json").items() if not k.startswith("_")},
    }
    if optional:
        template["optional"] = optional
    if shares:
        template["shares"] = shares
    if any(spec["layout"] == "t5" for spec in stated["text_encoders"]):
        template["tokenizers"] = {tokenizer(spec): TOKENIZERS.get(spec["layout"], CLIP_TOKENIZER) for spec in stated["text_encoders"]}
    (out / "template.json").write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8", newline="\n")
    compressed(out / "tensors.json.gz", json.dumps(tensors, separators=(",", ":")).encode())


def clip(spec, config, add):
    folder, width = spec["folder"], config["hidden_size"]
    part = graphs.text_encoder(config, spec["penultimate"], spec.get("pools", False))
    layout = {"clip": lambda n: names.clip(n, spec["prefix"], spec.get("projects", True)), "open_clip": lambda n: names.open_clip(n, spec["prefix"], width)}
    add(folder, lambda: part, layout[spec["layout"]])
    encoder = {
        "tokenizer": tokenizer(spec), "model": f"{folder}/model.onnx", "output": "states.0",
        "max_tokens": config["max_position_embeddings"], "hidden_size": width, "pad_id": spec["pad_id"],
        "chunks": spec.get("chunks", True),
    }
    if part.skips() > 1:
        encoder["skip_outputs"] = [f"states.{k}" for k in range(1, min(part.skips(), MAX_CLIP_SKIP))]
    if part.projects or part.pools:
        encoder |= {"pooled_output": "pooled", "pooled_size": config["projection_dim"] if part.projects else width}
    if "joins" in spec:
        encoder["joins"] = spec["joins"]
    return encoder


def t5(spec, config, add):
    folder = spec["folder"]
    add(folder, lambda: graphs.t5_encoder(config), lambda n: names.t5(n, spec["prefix"]))
    return {
        "tokenizer": tokenizer(spec), "model": f"{folder}/model.onnx", "output": "states", "max_tokens": spec["max_tokens"],
        "hidden_size": config["d_model"], "pad_id": spec["pad_id"], "joins": spec["joins"],
    }


def tokenizer(spec):
    # encoders of one kind read one text, whatever their number
    number = spec["folder"].removeprefix("text_encoder") if spec["layout"] == "t5" else ""
    return f"tokenizer{number}/tokenizer.json"


def unet(source, stated, pooled, add):
    config = variants.read(source / "unet/config.json")
    # what refines has no ControlNets
    controlled = "refines" not in stated
    add("unet", lambda: graphs.unet(config, pooled, controlled), lambda n: names.unet(n, config))
    network = {"model": "unet/model.onnx", "latent_channels": config["out_channels"], "context_size": config["cross_attention_dim"]}
    if config["in_channels"] == 2 * config["out_channels"] + 1:
        # beside the latents a mask, and the latents of what it leaves of a picture
        network["inpainting"] = True
    elif config["in_channels"] != config["out_channels"]:
        raise ValueError(f"a network that takes {config['in_channels']} channels is not known")
    if controlled:
        network["controlled"] = network["model"]
    if config.get("time_cond_proj_dim"):
        network["guidance_size"] = config["time_cond_proj_dim"]
    if pooled:
        if stated.get("zero_unconditional", True):
            network["zero_unconditional"] = True
        network["time_ids"] = (config["projection_class_embeddings_input_dim"] - pooled) // config["addition_time_embed_dim"]
    return network


def transformer(source, stated, pooled, add):
    config = variants.read(source / "transformer/config.json")
    if pooled != config["pooled_projection_dim"]:
        raise ValueError(f"the text encoders give {pooled} numbers for a whole text, the transformer takes {config['pooled_projection_dim']}")
    graph, sources = NETWORKS[config["_class_name"]]
    add("transformer", lambda: graph(config), lambda n: sources(n, config))
    network = {"model": "transformer/model.onnx", "latent_channels": config["in_channels"], "context_size": config["joint_attention_dim"]}
    if "context_tokens" in stated:
        network["context_tokens"] = stated["context_tokens"]
    network["text_embeds"] = True
    if config["_class_name"] == "FluxTransformer2DModel":
        patch = graphs.FluxTransformer.patch
        network |= {"latent_channels": config["in_channels"] // patch**2, "patch_size": patch}
        if config["guidance_embeds"]:
            network["guidance"] = True
    return network


def check_same(source: pathlib.Path, other: pathlib.Path, folder: str) -> None:
    if of_graph(source, folder) != of_graph(other, folder):
        raise ValueError(f"{source.name} cannot share {folder} of {other.name}: they differ")


def of_graph(source: pathlib.Path, folder: str):
    config = variants.read(source / (("vae" if folder.startswith("vae_") else folder) + "/config.json"))
    specs = [spec for spec in variants.read(source / "template.json")["text_encoders"] if spec["folder"] == folder]
    return {k: v for k, v in config.items() if k not in SCALES}, [[spec.get(key) for key in GRAPH_KEYS] for spec in specs]


def compressed(path: pathlib.Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
