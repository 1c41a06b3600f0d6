"""Writes Stable Diffusion 1.5 at its real size with random weights, once for each program that is compared.

    python3 make.py FOLDER

FOLDER/diffusers is what diffusers loads and FOLDER/sd15.safetensors what stable-diffusion.cpp does (fp16), FOLDER/onnx a
catalogue of Latentline whose model folder sd4j loads too (fp32, as both compute on a CPU). Time and memory depend on sizes alone.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

import onnx
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

TOKENS, WIDTH, SIDE = 77, 768, 256
CLIP = dict(
    vocab_size=49408, hidden_size=WIDTH, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
    max_position_embeddings=TOKENS, hidden_act="quick_gelu", projection_dim=WIDTH,
)
UNET = dict(sample_size=64, cross_attention_dim=WIDTH, attention_head_dim=8)
VAE = dict(
    block_out_channels=(128, 256, 512, 512), down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2, latent_channels=4, sample_size=512,
)
SCHEDULER = dict(
    num_train_timesteps=1000, beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type="epsilon",
    timestep_spacing="leading", steps_offset=1, clip_sample=False, set_alpha_to_one=False,
)


class UNetCall(torch.nn.Module):
    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class Decode(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, return_dict=False)[0]


class Encode(torch.nn.Module):
    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self, input_ids):
        states = self.text(input_ids=input_ids.long())
        return states.last_hidden_state, states.pooler_output


def export(module, values, outputs, axes, target):
    """One graph and, beside it, one file with its weights."""
    target.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as scratch, torch.no_grad():
        plain = pathlib.Path(scratch) / "model.onnx"
        torch.onnx.export(
            module.float(), tuple(values.values()), str(plain), dynamo=False, opset_version=17, input_names=list(values),
            output_names=outputs, dynamic_axes=axes,
        )
        model = onnx.load(str(plain))
        onnx.save_model(model, str(target), save_as_external_data=True, location="model.onnx_data", size_threshold=1024)


def main(folder):
    for part in ("diffusers", "onnx"):
        shutil.rmtree(folder / part, ignore_errors=True)
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float16)
    unet, vae, text = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE), CLIPTextModel(CLIPTextConfig(**CLIP))
    torch.set_default_dtype(torch.float32)
    for module in (unet, vae, text):
        module.eval().requires_grad_(False)
    StableDiffusionPipeline(
        vae, text, None, unet, DDIMScheduler(**SCHEDULER), None, None, requires_safety_checker=False
    ).save_pretrained(folder / "diffusers")
    single_file(folder)

    model = folder / "onnx" / "sd15"
    ids = torch.full((1, TOKENS), 49407, dtype=torch.int32)
    export(Encode(text), {"input_ids": ids}, ["last_hidden_state", "pooler_output"], {"input_ids": {0: "batch"}},
           model / "text_encoder" / "model.onnx")
    latents = torch.randn(2, 4, 16, 16)
    export(Decode(vae), {"latent_sample": latents}, ["sample"],
           {name: {0: "batch", 2: "height", 3: "width"} for name in ("latent_sample", "sample")},
           model / "vae_decoder" / "model.onnx")
    del vae, text
    export(UNetCall(unet), {"sample": latents, "timestep": torch.tensor([900.0, 900.0]),
                            "encoder_hidden_states": torch.randn(2, TOKENS, WIDTH)}, ["out_sample"],
           {"sample": {0: "batch", 2: "height", 3: "width"}, "timestep": {0: "batch"}, "encoder_hidden_states": {0: "batch"},
            "out_sample": {0: "batch", 2: "height", 3: "width"}}, model / "unet" / "model.onnx")
    catalogue(folder / "onnx", model)


def single_file(folder):
    """The names that stable-diffusion.cpp tells Stable Diffusion 1.5 by."""
    tensors = {}
    for part, file, prefix in (
        ("unet", "diffusion_pytorch_model", "unet."), ("vae", "diffusion_pytorch_model", "vae."),
        ("text_encoder", "model", "te.text_model."),
    ):
        for name, value in load_file(folder / "diffusers" / part / f"{file}.safetensors").items():
            tensors[prefix + name.removeprefix("text_model.")] = value
    save_file(tensors, folder / "sd15.safetensors")


def catalogue(folder, model):
    """What Latentline wants to know of a model. Nothing is encoded here, so there is no tokenizer worth the name."""
    for path, content in {
        model / "scheduler" / "scheduler_config.json": json.dumps(SCHEDULER),
        model / "tokenizer" / "tokenizer.json": "{}",
        folder / "pools.yaml": "default: [sd15]\n",
    }.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    files = {}
    for path in sorted(p for p in model.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files[path.relative_to(model).as_posix()] = {"size": path.stat().st_size, "sha256": digest}
    (model / "manifest.json").write_text(json.dumps({
        "schema": 1, "name": "sd15", "family": "stable-diffusion-1", "description": "Random weights.",
        "licence": "CC0-1.0", "created": "2026-01-01T00:00:00Z",
        "defaults": {"steps": 20, "guidance_scale": 7.5, "width": SIDE, "height": SIDE, "sampler": "ddim", "schedule": "normal"},
        "limits": {"min_width": 64, "max_width": 1024, "min_height": 64, "max_height": 1024, "size_multiple": 64,
                   "max_pixels": 1048576, "max_steps": 150},
        "text_encoders": [{"tokenizer": "tokenizer/tokenizer.json", "model": "text_encoder/model.onnx",
                           "output": "last_hidden_state", "max_tokens": TOKENS, "hidden_size": WIDTH}],
        "unet": {"model": "unet/model.onnx", "latent_channels": 4, "context_size": WIDTH},
        "vae": {"decoder": "vae_decoder/model.onnx", "encoder": "vae_decoder/model.onnx", "scale_factor": 8,
                "scaling_factor": 0.18215},
        "scheduler": "scheduler/scheduler_config.json",
        "files": files,
    }, indent=2))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
