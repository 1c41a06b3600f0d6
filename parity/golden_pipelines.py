#!/usr/bin/env python3
"""Writes the latents after every step and the picture that diffusers' pipelines make with checkpoints of make_checkpoints.py.

usage: golden_pipelines.py OUT [CASE...]

OUT gets CASE.safetensors for each case below, or those named: embeddings of the texts, those of a refiner named refiner_..., latents, the
picture, and in its metadata what a request says. "scaled" tells that the scheduler keeps latents in unit variance; the others keep them as x0 + sigma * noise.
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
    LCMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline, StableDiffusionXLImg2ImgPipeline, StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
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
REFINED = {"checkpoint": "tiny-sdxl", "refiner": "tiny-sdxl-refiner", "refiner_start": 0.6, "width": 128}
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
    "sdxl-refiner-euler": (STABLE, REFINED | {"sampler": "euler", "seed": 1214}),
    # the second order starts anew behind the hand-over
    "sdxl-refiner-dpmpp_2m": (STABLE, REFINED | {"sampler": "dpmpp_2m", "seed": 1215, "steps": 8, "refiner_start": 0.5}),
    # draws of noise go on behind it
    "sdxl-refiner-euler_a": (STABLE, REFINED | {"sampler": "euler_a", "seed": 1216, "width": 64}),
}


def load(template):
    return golden_checkpoints.load(HERE.parent / "models/export/configs" / template, HERE / "templates" / template)


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
    stated, unet, vae, encoders, _ = load(template)
    embeds = embeddings(stated, encoders)
    golden = dict(embeds)
    if "refiner" in request:
        refiner = load(request["refiner"])
        of_refiner = embeddings(refiner[0], refiner[3])
        golden |= {f"refiner_{key}": value for key, value in of_refiner.items()}
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

    def after(*rest):
        golden[f"latents.{sum(key.startswith('latents.') for key in golden)}"] = rest[-1]["latents"].clone()
        return rest[-1]

    scheduler, generator = SCHEDULERS[request["sampler"]], torch.Generator("cpu").manual_seed(request["seed"])
    steps = {
        "num_inference_steps": request["steps"], "guidance_scale": request["guidance_scale"], "generator": generator, "callback_on_step_end": after,
    }
    made = pipeline(unet, vae, scheduler(config), embeds)
    if "refiner" in request:
        start = request["refiner_start"]
        latents = made(**embeds, **steps, width=width, height=height, denoising_end=start, output_type="latent").images
        going_on = StableDiffusionXLImg2ImgPipeline(
            unet=refiner[1], vae=vae, scheduler=scheduler(config), text_encoder=None, text_encoder_2=None, tokenizer=None, tokenizer_2=None,
            requires_aesthetics_score=True, force_zeros_for_empty_prompt=False, add_watermarker=False,
        )
        going_on.set_progress_bar_config(disable=True)
        picture = going_on(**of_refiner, **steps, image=latents, denoising_start=start, output_type="pt").images
        assert len([key for key in golden if key.startswith("latents.")]) == request["steps"]
    else:
        picture = made(**embeds, **arguments, **steps, width=width, height=height, output_type="pt").images
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
