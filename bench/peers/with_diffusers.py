"""Pictures by diffusers, in eager PyTorch: with_diffusers.py FOLDER STEPS SIDE COUNT THREADS"""

import sys

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

folder, (steps, side, count, threads) = sys.argv[1], map(int, sys.argv[2:])
torch.set_num_threads(threads)
with torch.inference_mode():
    pipeline = StableDiffusionPipeline(
        AutoencoderKL.from_pretrained(folder, subfolder="vae", torch_dtype=torch.float32),
        None,
        None,
        UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=torch.float32),
        DDIMScheduler.from_pretrained(folder, subfolder="scheduler"),
        None,
        None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    texts = torch.randn(2, 1, 77, 768, generator=torch.Generator().manual_seed(1))
    for seed in range(count):
        pipeline(
            prompt_embeds=texts[0],
            negative_prompt_embeds=texts[1],
            num_inference_steps=steps,
            guidance_scale=7.5,
            width=side,
            height=side,
            generator=torch.Generator().manual_seed(seed),
        )
        print("picture", flush=True)
