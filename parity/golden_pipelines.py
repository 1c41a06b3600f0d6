#!/usr/bin/env python3
"""Writes the latents after every step and the picture that diffusers' pipelines make with checkpoints of make_checkpoints.py.

usage: golden_pipelines.py OUT [CASE...]

OUT gets CASE.safetensors for each case below, or those named: embeddings of the texts, latents, the picture, and in its metadata what a
request says. "scaled" tells that the scheduler keeps latents in unit variance; the others keep them as x0 + sigma * noise.
"""
import gzip
import json
import pathlib
import sys

import golden_checkpoints
import tokenizers
import torch
from diffusers import (
    DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, LatentConsistencyModelPipeline,
    LCMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline,
)
from safetensors.torch import save_file

MODELS = pathlib.Path(__file__).parent.parent
STABLE = {"num_train_timesteps": 1000, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1, "timestep_spacing": "leading"}
ZERO_SNR = STABLE | {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
SCHEDULERS = {
    "ddim": lambda config: DDIMScheduler(**config, clip_sample=False, set_alpha_to_one=False),
    "dpmpp_2m": lambda config: DPMSolverMultistepScheduler(**config, algorithm_type="dpmsolver++"),
    "euler": lambda config: EulerDiscreteScheduler(**config),
    "euler_a": lambda config: EulerAncestralDiscreteScheduler(**config),
    "lcm": lambda config: LCMScheduler(**config),
}
PROMPT, NEGATIVE = "a lighthouse at dusk, oil on canvas", "fog"
REQUEST = {"schedule": "normal", "width": 96, "height": 64, "steps": 5, "guidance_scale": 4.5}
# Of zero terminal SNR the schedulers that keep sigmas lose digits where they go down from 4096, in fp32: others are compared.
CASES = {
    "sd2-ztsnr": (
        ZERO_SNR, {"checkpoint": "tiny-sd2", "markers": ["v_pred", "ztsnr"], "sampler": "dpmpp_2m", "seed": 1207, "width": 64, "height": 128},
    ),
    "sdxl-ztsnr": (
        ZERO_SNR, {"checkpoint": "tiny-sdxl", "markers": ["v_pred", "ztsnr"], "sampler": "ddim", "seed": 1208, "guidance_rescale": 0.7},
    ),
    "sd1-lcm": (STABLE, {"checkpoint": "tiny-sd1-lcm", "sampler": "lcm", "seed": 1209, "steps": 4, "guidance_scale": 8.0, "width": 64}),
    "sdxl-lcm": (STABLE, {"checkpoint": "tiny-sdxl-lcm", "sampler": "lcm", "seed": 1210, "steps": 6, "guidance_scale": 6.5}),
    "sd1-inpainting": (STABLE, {"checkpoint": "tiny-sd1-inpainting", "sampler": "ddim", "seed": 1211, "width": 128}),
    "sd2-inpainting": (STABLE, {"checkpoint": "tiny-sd2-inpainting", "sampler": "euler_a", "seed": 1212, "width": 64}),
    "sdxl-inpainting": (STABLE, {"checkpoint": "tiny-sdxl-inpainting", "sampler": "euler", "seed": 1213}),
}


def embeddings(stated, encoders):
    """What pipelines take as prompt_embeds and so on."""
    tokenizer = tokenizers.Tokenizer.from_str(gzip.open(golden_checkpoints.TOKENIZER, "rt").read())
    embeds = {}
    for prefix, text in (("", PROMPT), ("negative_", NEGATIVE)):
        ids, states = tokenizer.encode(text).ids, []
        for spec, net in zip(stated["text_encoders"], encoders):
            result = net(torch.tensor([ids + [spec["pad_id"]] * (77 - len(ids))]), output_hidden_states=True)
            states.append(result.hidden_states[-2] if spec["penultimate"] else result.last_hidden_state)
            if hasattr(result, "text_embeds"):
                embeds[prefix + "pooled_prompt_embeds"] = result.text_embeds
        embeds[prefix + "prompt_embeds"] = torch.cat(states, -1)
    return embeds


def pipeline(unet, vae, scheduler, embeds):
    parts = {"unet": unet, "vae": vae, "scheduler": scheduler, "text_encoder": None, "tokenizer": None}
    inpainting = unet.config.in_channels == 9
    # one of the pipelines compares it
    unet.register_to_config(sample_size=64)
    if "pooled_prompt_embeds" in embeds:
        made = (StableDiffusionXLInpaintPipeline if inpainting else StableDiffusionXLPipeline)(
            **parts, text_encoder_2=None, tokenizer_2=None, add_watermarker=False
        )
    else:
        guided = unet.config.time_cond_proj_dim
        kind = StableDiffusionInpaintPipeline if inpainting else LatentConsistencyModelPipeline if guided else StableDiffusionPipeline
        made = kind(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    return made


def make(name, out):
    config, request = CASES[name]
    request = REQUEST | request
    template = request["checkpoint"]
    stated, unet, vae, encoders, _ = golden_checkpoints.load(MODELS / "export/configs" / template, MODELS / "parity/templates" / template)
    embeds = embeddings(stated, encoders)
    golden = dict(embeds)
    if unet.config.time_cond_proj_dim:
        embeds = {key: value for key, value in embeds.items() if not key.startswith("negative_")}
    width, height = request["width"], request["height"]
    arguments = {}
    if unet.config.in_channels == 9:
        # all of a picture is masked, so that nothing of it matters
        picture = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(7))
        grey = vae.encode(torch.zeros(1, 3, height, width)).latent_dist.mean * vae.config.scaling_factor
        golden["masked"] = torch.cat([torch.ones(1, 1, *grey.shape[2:]), grey], 1)
        arguments = {"image": picture, "mask_image": torch.ones(1, 1, height, width), "strength": 1.0, "masked_image_latents": grey}
    if "guidance_rescale" in request:
        arguments["guidance_rescale"] = request["guidance_rescale"]

    def after(_, step, timestep, values):
        golden[f"latents.{step}"] = values["latents"].clone()
        return values

    made = pipeline(unet, vae, SCHEDULERS[request["sampler"]](config), embeds)
    picture = made(
        **embeds, **arguments, num_inference_steps=request["steps"], guidance_scale=request["guidance_scale"], width=width, height=height,
        generator=torch.Generator("cpu").manual_seed(request["seed"]), callback_on_step_end=after, output_type="pt",
    ).images
    golden["picture"] = (picture.permute(0, 2, 3, 1) * 255).round()
    request["scaled"] = request["sampler"] in ("ddim", "dpmpp_2m", "lcm")
    save_file({k: v.float().contiguous() for k, v in golden.items()}, out / f"{name}.safetensors", {"request": json.dumps(request)})


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        for case in sys.argv[2:] or CASES:
            make(case, folder)
