"""Pictures by stable-diffusion.cpp, fp16 weights, text included: with_sdcpp.py FILE STEPS SIDE COUNT THREADS"""

import sys

from stable_diffusion_cpp import StableDiffusion

file, (steps, side, count, threads) = sys.argv[1], map(int, sys.argv[2:])
model = StableDiffusion(model_path=file, vae_decode_only=True, n_threads=threads, verbose=False)
for seed in range(count):
    model.generate_image(
        prompt="a red apple", width=side, height=side, sample_steps=steps, cfg_scale=7.5, sample_method="ddim_trailing", seed=seed
    )
    print("picture", flush=True)
