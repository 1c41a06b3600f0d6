"""Pictures by the starter's own networks in eager PyTorch, random weights: with_pytorch.py STEPS SIDE COUNT THREADS

The starter is no network of diffusers; the scheduler is.
"""

import pathlib
import sys

import torch
from diffusers import DDIMScheduler

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "models" / "train"))
from starter.autoencoder import Decoder  # noqa: E402
from starter.unet import UNet  # noqa: E402

steps, side, count, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
with torch.inference_mode():
    unet, decoder = UNet().eval(), Decoder().eval()
    scheduler = DDIMScheduler(prediction_type="v_prediction", beta_schedule="linear", timestep_spacing="trailing")
    texts = torch.randn(2, 32, 384, generator=torch.Generator().manual_seed(1))
    for seed in range(count):
        scheduler.set_timesteps(steps)
        latents = torch.randn(1, 4, side // 8, side // 8, generator=torch.Generator().manual_seed(seed))
        for timestep in scheduler.timesteps:
            unconditional, text = unet(latents.repeat(2, 1, 1, 1), timestep.expand(2).float(), texts).chunk(2)
            latents = scheduler.step(unconditional + 3 * (text - unconditional), timestep, latents).prev_sample
        (decoder(latents).clamp(-1, 1).add(1).mul(127.5)).byte().numpy()
        print("picture", flush=True)
