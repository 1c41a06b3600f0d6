#!/usr/bin/env python3
"""Writes what diffusers computes with random ControlNets, and the U-Net with their residuals.

usage: golden_controlnets.py TEMPLATE OUT.safetensors

TEMPLATE is one of parity/templates/controlnets. Numbers follow from names (weights.py), so that each
layout of names has other ones: `original` (control_model.input_blocks...), `bare`, the same without its prefix, and `diffusers`. All are fp16 and
read by diffusers' own conversion of single files, which does not know SDXL's embedding of sizes in the first two: its names are those of
SDXL's U-Net. OUT gets inputs and outputs in fp32, and in its metadata the SHA-256 of each file.
"""
import hashlib
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import export_controlnet
import golden_checkpoints
import make_checkpoints
import numpy
import torch
import weights
from diffusers import ControlNetModel
from diffusers.loaders import single_file_utils
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
CONFIGS = HERE.parent / "models/export/configs"
LAYOUTS = ("original", "bare", "diffusers")
EMBEDDING = {
    f"add_embedding.linear_{number}.{kind}": f"label_emb.0.{layer}.{kind}" for number, layer in ((1, 0), (2, 2)) for kind in ("weight", "bias")
}


def load(template: pathlib.Path, layout: str):
    """(the ControlNet in fp32, digest) of the file that tests write again."""
    tensors = make_checkpoints.original(template, layout == "diffusers")
    if layout == "bare":
        tensors = {name.removeprefix("control_model."): shape for name, shape in tensors.items()}
    settings, _ = export_controlnet.configuration(CONFIGS / "controlnets" / f"{template.name}.json")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "it.safetensors"
        make_checkpoints.write(tensors, file, "fp16")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        checkpoint = load_file(file)
    net = ControlNetModel.from_config(settings).eval()
    converted = single_file_utils.convert_controlnet_checkpoint(checkpoint, config=net.config)
    for ours, theirs in EMBEDDING.items():
        if f"control_model.{theirs}" in checkpoint or theirs in checkpoint:
            converted[ours] = checkpoint.get(f"control_model.{theirs}", checkpoint.get(theirs))
    net.load_state_dict({name: tensor.float() for name, tensor in converted.items()})
    return net, digest


def picture(number: int, height: int, width: int) -> torch.Tensor:
    """[1, 3, height, width] of bytes: a slope in red, stripes in green, noise in blue, each numbered picture another."""
    y, x = numpy.mgrid[:height, :width]
    red = (x * 255 // (width - 1) + 40 * number) % 256
    green = numpy.where((x + (2 + number) * y) // 8 % 2, 230, 25)
    blue = (weights.uniform(f"picture {number}", height * width).reshape(height, width) * 127 + 128).astype(int)
    return torch.from_numpy(numpy.stack([red, green, blue]).astype(numpy.uint8))[None]


def main(template: pathlib.Path, out: pathlib.Path) -> None:
    generator = torch.Generator().manual_seed(20261128)
    checkpoint = json.loads((CONFIGS / "controlnets" / f"{template.name}.json").read_text())["unet"]
    _, unet, *_ = golden_checkpoints.load(CONFIGS / checkpoint, HERE / "templates" / checkpoint)
    sample = torch.randn(2, 4, 8, 16, generator=generator)
    inputs = {"sample": sample, "timestep": torch.tensor([981.0, 20.25]), "context": torch.randn(2, 77, unet.config.cross_attention_dim, generator=generator)}
    added = None
    if unet.config.addition_embed_type == "text_time":
        numbers = torch.tensor([[64.0, 128, 0, 0, 64, 128], [1024, 768, 8, 16, 512, 256]])
        pooled = unet.config.projection_class_embeddings_input_dim - numbers.shape[1] * unet.config.addition_time_embed_dim
        added = {"text_embeds": torch.randn(2, pooled, generator=generator), "time_ids": numbers}
        inputs |= added
    pictures = torch.cat([picture(number, 64, 128) for number in range(2)])
    inputs |= {"picture": pictures[:1], "pictures": pictures, "scale": torch.tensor(0.85)}
    golden, digests = dict(inputs), {}
    for layout in LAYOUTS:
        net, digests[layout] = load(template, layout)
        # one picture for both rows, or each its own
        given = pictures if layout == "bare" else pictures[:1].expand(2, -1, -1, -1)
        arguments = (sample, inputs["timestep"], inputs["context"])
        down, mid = net(*arguments, given / 255, conditioning_scale=0.85, added_cond_kwargs=added, return_dict=False)
        golden |= {f"{layout}.down_block_res_samples_{i}": each for i, each in enumerate(down)} | {f"{layout}.mid_block_res_sample": mid}
        golden[f"{layout}.out_sample"] = unet(
            *arguments, added_cond_kwargs=added, down_block_additional_residuals=down, mid_block_additional_residual=mid
        ).sample
        print(f"{template.name} {layout}: residuals of {float(mid.abs().max()):.2f}, the U-Net's answer of {float(golden[f'{layout}.out_sample'].abs().max()):.2f}")
    save_file({k: v.clone().contiguous() for k, v in golden.items()}, out, {f"{layout}_sha256": digest for layout, digest in digests.items()})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with torch.no_grad():
        main(*map(pathlib.Path, sys.argv[1:]))
