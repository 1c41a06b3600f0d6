#!/usr/bin/env python3
"""Writes the latents after every step and the picture that diffusers' pipelines make with ControlNets of golden_controlnets.py.

usage: golden_control_pipelines.py OUT [CASE...]

OUT gets CASE.safetensors for each case below, or those named, as golden_pipelines.py writes them, with control.N, the picture that the
request's control N follows ([1, 3, height, width] of bytes), and the same as CASE.N.png. The request's "controls" say of each which template it
has, in which layout of names, its weight, and from which to which part of the steps it holds.
"""
import json
import pathlib
import sys

import golden_controlnets
import golden_pipelines
import torch
from diffusers import (
    LCMScheduler, MultiControlNetModel, StableDiffusionControlNetInpaintPipeline, StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
)
from golden_pipelines import HERE, REQUEST, SCHEDULERS, STABLE
from PIL import Image
from safetensors.torch import save_file

V_PREDICTION = STABLE | {"prediction_type": "v_prediction"}


def control(checkpoint, layout="original", weight=1.0, start=0.0, end=1.0):
    return {"template": f"controlnets/{checkpoint}", "layout": layout, "weight": weight, "start": start, "end": end}


def one(checkpoint):
    return {"controls": [control(checkpoint)]}


def part(checkpoint):
    return {"controls": [control(checkpoint, "diffusers", 0.7, 0.2, 0.8)]}


def two(checkpoint):
    return {"controls": [control(checkpoint, weight=0.6), control(checkpoint, "diffusers", 1.3, 0.0, 0.6)]}


SD1, SD2, XL = ({"checkpoint": checkpoint} for checkpoint in ("tiny-sd1", "tiny-sd2", "tiny-sdxl"))
OF_V = SD2 | {"markers": ["v_pred"]}
CASES = {
    "sd1-one": (STABLE, SD1 | one("tiny-sd1") | {"sampler": "euler", "seed": 1301, "width": 128}),
    "sd1-part": (STABLE, SD1 | part("tiny-sd1") | {"sampler": "dpmpp_2m", "seed": 1302, "width": 64, "height": 128}),
    "sd1-two": (STABLE, SD1 | two("tiny-sd1") | {"sampler": "euler_a", "seed": 1303, "width": 64}),
    "sd1-unguided": (STABLE, SD1 | one("tiny-sd1") | {"sampler": "ddim", "seed": 1304, "width": 64, "guidance_scale": 1.0}),
    "sd1-lcm": (STABLE, one("tiny-sd1") | {"checkpoint": "tiny-sd1-lcm", "sampler": "lcm", "seed": 1305, "steps": 4, "guidance_scale": 8.0, "width": 64}),
    "sd1-inpainting": (STABLE, one("tiny-sd1") | {"checkpoint": "tiny-sd1-inpainting", "sampler": "ddim", "seed": 1306, "width": 128}),
    "sd2-one": (V_PREDICTION, OF_V | one("tiny-sd2") | {"sampler": "ddim", "seed": 1311, "width": 64}),
    "sd2-part": (V_PREDICTION, OF_V | part("tiny-sd2") | {"sampler": "euler", "seed": 1312, "width": 128}),
    "sd2-two": (V_PREDICTION, OF_V | two("tiny-sd2") | {"sampler": "dpmpp_2m", "seed": 1313, "width": 64}),
    "sdxl-one": (STABLE, XL | one("tiny-sdxl") | {"sampler": "dpmpp_2m", "seed": 1321}),
    "sdxl-part": (STABLE, XL | part("tiny-sdxl") | {"sampler": "ddim", "seed": 1322, "width": 64, "height": 96}),
    "sdxl-two": (STABLE, XL | two("tiny-sdxl") | {"sampler": "euler", "seed": 1323}),
}


def pipeline(unet, vae, scheduler, nets, embeds):
    parts = {
        "unet": unet, "vae": vae, "scheduler": scheduler, "controlnet": nets[0] if len(nets) == 1 else MultiControlNetModel(nets),
        "text_encoder": None, "tokenizer": None,
    }
    if "pooled_prompt_embeds" in embeds:
        made = StableDiffusionXLControlNetPipeline(**parts, text_encoder_2=None, tokenizer_2=None, add_watermarker=False)
    else:
        inpainting = unet.config.in_channels == 9
        kind = StableDiffusionControlNetInpaintPipeline if inpainting else StableDiffusionControlNetPipeline
        made = kind(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    return made


def make(name, out):
    config, request = CASES[name]
    request = REQUEST | request
    controls, width, height = request["controls"], request["width"], request["height"]
    stated, unet, vae, encoders, _ = golden_pipelines.load(request["checkpoint"])
    embeds = golden_pipelines.embeddings(stated, encoders)
    pictures = [golden_controlnets.picture(number, height, width) for number in range(len(controls))]
    golden = dict(embeds) | {f"control.{number}": picture for number, picture in enumerate(pictures)}
    nets = [golden_controlnets.load(HERE / "templates" / each["template"], each["layout"])[0] for each in controls]
    scheduler = SCHEDULERS[request["sampler"]](config)
    made = pipeline(unet, vae, scheduler, nets, embeds)
    given = [picture / 255 for picture in pictures]
    arguments = {"image": given if len(nets) > 1 else given[0]}
    if unet.config.in_channels == 9:
        # all of a picture is masked, so that nothing of it matters: as golden_pipelines.py has it
        grey = vae.encode(torch.zeros(1, 3, height, width)).latent_dist.mean * vae.config.scaling_factor
        golden["masked"] = torch.cat([torch.ones(1, 1, *grey.shape[2:]), grey], 1)
        made._encode_vae_image = lambda image, generator: grey
        arguments = {
            "image": torch.zeros(1, 3, height, width), "mask_image": torch.ones(1, 1, height, width), "strength": 1.0, "control_image": given[0],
        }
    if isinstance(scheduler, LCMScheduler):
        embeds = {key: value for key, value in embeds.items() if not key.startswith("negative_")}

    def after(*rest):
        golden[f"latents.{sum(key.startswith('latents.') for key in golden)}"] = rest[-1]["latents"].clone()
        return rest[-1]

    stated_of = {key: [each[key] for each in controls] for key in ("weight", "start", "end")}
    picture = made(
        **embeds, **arguments, width=width, height=height, num_inference_steps=request["steps"], guidance_scale=request["guidance_scale"],
        generator=torch.Generator("cpu").manual_seed(request["seed"]), callback_on_step_end=after, output_type="pt",
        controlnet_conditioning_scale=stated_of["weight"] if len(nets) > 1 else stated_of["weight"][0],
        control_guidance_start=stated_of["start"], control_guidance_end=stated_of["end"],
    ).images
    golden["picture"] = (picture.permute(0, 2, 3, 1) * 255).round()
    request["scaled"] = request["sampler"] in ("ddim", "dpmpp_2m", "lcm")
    assert len([key for key in golden if key.startswith("latents.")]) == request["steps"]
    tensors = {k: (v if v.dtype == torch.uint8 else v.float()).contiguous() for k, v in golden.items()}
    save_file(tensors, out / f"{name}.safetensors", {"request": json.dumps(request)})
    for number, picture in enumerate(pictures):
        Image.fromarray(picture[0].permute(1, 2, 0).numpy()).save(out / f"{name}.{number}.png")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        for case in sys.argv[2:] or CASES:
            make(case, folder)
