#!/usr/bin/env python3
"""Writes what diffusers and transformers compute with a checkpoint of make_checkpoints.py.

usage: golden_checkpoints.py CONFIG TEMPLATE OUT.safetensors

CONFIG is a configuration of models/export/configs, TEMPLATE what models/export made of it. The checkpoint is written as fp16 and loaded by
diffusers' own conversion of single files, with CONFIG and nothing else: no name in models/export/names.py is trusted, but that of the
embedding of the guidance (latent consistency), which diffusers' conversion does not know. OUT gets inputs and outputs in fp32, and the
SHA-256 of the checkpoint in its metadata.
"""
import gzip
import hashlib
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import make_checkpoints
import tokenizers
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection
from variants import complete

GUIDANCE = "time_embedding.cond_proj.weight"
PROMPTS = ["a photograph of an astronaut riding a horse", ""]
TOKENIZER = pathlib.Path(__file__).parent.parent / "models/templates/clip-tokenizer.json.gz"


def load(config: pathlib.Path, template: pathlib.Path):
    """(template.json, U-Net, autoencoder, text encoders, digest) of the checkpoint, in fp32."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        config = complete(config, folder / "config")
        stated = json.loads((config / "template.json").read_text())
        file = folder / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        checkpoint = load_file(file)
        unet = network(file, config / "unet/config.json", checkpoint)
        vae = AutoencoderKL.from_single_file(str(file), config=str(config / "vae"), torch_dtype=torch.float32).eval()
        encoders = [text_encoder(checkpoint, spec, config) for spec in stated["text_encoders"]]
    return stated, unet, vae, encoders, digest


def network(file, config, checkpoint):
    stated = json.loads(config.read_text())
    size = stated.pop("time_cond_proj_dim", None)
    config.write_text(json.dumps(stated))
    unet = UNet2DConditionModel.from_single_file(str(file), config=str(config.parent), torch_dtype=torch.float32).eval()
    if size is None:
        return unet
    guided = UNet2DConditionModel.from_config(stated | {"time_cond_proj_dim": size}).eval()
    original = checkpoint["model.diffusion_model." + GUIDANCE.replace("time_embedding", "time_embed")]
    guided.load_state_dict(unet.state_dict() | {GUIDANCE: original.float()})
    return guided


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    torch.manual_seed(20261126)
    stated, unet, vae, encoders, digest = load(config, template)
    golden = {}
    tokenizer = tokenizers.Tokenizer.from_str(gzip.open(TOKENIZER, "rt").read())
    states, pooled = [], None
    with torch.no_grad():
        for number, (spec, net) in enumerate(zip(stated["text_encoders"], encoders)):
            ids = [tokenizer.encode(prompt).ids for prompt in PROMPTS]
            padded = torch.tensor([row + [spec["pad_id"]] * (77 - len(row)) for row in ids])
            result = net(padded, output_hidden_states=True)
            text = result.hidden_states[-2] if spec["penultimate"] else result.last_hidden_state
            states.append(text)
            for row, prompt in enumerate(ids):
                golden[f"text.{number}.ids.{row}"] = torch.tensor(prompt)
                golden[f"text.{number}.states.{row}"] = text[row : row + 1]
            if not spec["penultimate"]:
                golden[f"text.{number}.skipped.0"] = net.final_layer_norm(result.hidden_states[-2])[0:1]
            if hasattr(result, "text_embeds"):
                pooled = result.text_embeds
                golden["text.pooled"] = pooled
        sample = torch.randn(2, unet.config.in_channels, 8, 8)
        timestep = torch.tensor([981.0, 20.25])
        context = torch.cat(states, -1)
        golden |= {"unet.sample": sample, "unet.timestep": timestep}
        added = None
        if pooled is not None:
            numbers = torch.tensor([[64.0, 64, 0, 0, 64, 64], [1024, 768, 8, 16, 512, 256]])
            golden["unet.time_ids"] = numbers
            added = {"text_embeds": pooled, "time_ids": numbers}
        guidance = None
        if unet.config.time_cond_proj_dim:
            guidance = golden["unet.timestep_cond"] = torch.randn(2, unet.config.time_cond_proj_dim)
        golden["unet.out_sample"] = unet(sample, timestep, context, timestep_cond=guidance, added_cond_kwargs=added).sample
        latents = torch.randn(1, 4, 3, 2)
        golden |= {"vae.latent_sample": latents, "vae.sample": vae.decode(latents).sample}
        pixels = torch.rand(1, 3, 16, 24) * 2 - 1
        golden |= {"vae.pixels": pixels, "vae.encoded": vae.encode(pixels).latent_dist.mean}
    save_file({k: v.contiguous() for k, v in golden.items()}, out, {"checkpoint_sha256": digest, "prompts": json.dumps(PROMPTS)})


def text_encoder(checkpoint, spec, config):
    stated = json.loads((config / spec["folder"] / "config.json").read_text())
    kind = CLIPTextModelWithProjection if "CLIPTextModelWithProjection" in stated["architectures"] else CLIPTextModel
    net = kind(CLIPTextConfig.from_dict(stated)).eval()
    if spec["layout"] == "clip":
        prefix = spec["prefix"] + "transformer."
        weights = single_file_utils.convert_ldm_clip_checkpoint(checkpoint, remove_prefix=prefix)
    else:
        prefix = spec["prefix"] + "model."
        if not spec["penultimate"]:
            # diffusers takes the width of the three in one from the projection, which this encoder does without
            checkpoint = checkpoint | {prefix + "text_projection": torch.eye(stated["hidden_size"])}
        weights = single_file_utils.convert_open_clip_checkpoint(net, checkpoint, prefix=prefix)
    known = net.state_dict()
    taken = {}
    for name, value in weights.items():
        name = name if name in known else name.removeprefix("text_model.")
        if name in known:
            taken[name] = value.float()
    net.load_state_dict(taken, strict=False)
    # the last layer and norm are not there where nothing reads them
    left = [name for name in known if name not in taken and "position_ids" not in name]
    allowed = [f"layers.{stated['num_hidden_layers'] - 1}.", "final_layer_norm"] if spec["penultimate"] and kind is CLIPTextModel else []
    unknown = [name for name in left if not any(part in name for part in allowed)]
    if unknown:
        raise ValueError(f"diffusers did not fill {unknown}")
    return net


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
