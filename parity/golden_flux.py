#!/usr/bin/env python3
"""Writes what diffusers' FluxPipeline computes with random weights, from a prompt to the picture.

usage: golden_flux.py CONFIG TEMPLATE OUT.safetensors [file]

CONFIG is a configuration of models/export/configs, TEMPLATE what models/export made of it. Each part gets the numbers of weights.py in
fp16 under the names that diffusers itself saves it with: a name that the template does not have, or has and diffusers has not, is an error.
Pictures of two sizes are made, whose sigmas are shifted differently where the family does so. With "file" a checkpoint of
make_checkpoints.py is converted by diffusers' own conversion of single files, and one call of each part is written.
"""
import gzip
import inspect
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import make_checkpoints
import numpy
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from diffusers.loaders import single_file_utils
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from golden_sd3 import PROMPT, SEED, clip_of, clip_tokenizer, filled, read, t5_of, t5_tokenizer
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel
from variants import complete

GUIDANCE = 3.5
STEPS = 4
# name: height, width, steps
PICTURES = {"": (64, 96, STEPS), "large.": (256, 192, 3)}
# pixels, steps
SCHEDULES = [(1024, 28), (512, 7)]
PATCH = 16


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path, what: str) -> None:
    torch.manual_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        config = complete(config, pathlib.Path(folder) / "config")
        golden = single_file(config, template) if what == "file" else whole_way(config, template)
    save_file({name: value.contiguous() for name, value in golden.items()}, out, {
        "prompt": PROMPT, "seed": str(SEED), "guidance_scale": str(GUIDANCE),
    })


def one_call(net) -> dict[str, torch.Tensor]:
    config = net.config
    height, width = 6, 4
    golden = {
        "transformer.sample": torch.randn(2, config.in_channels // 4, height, width),
        "transformer.timestep": torch.tensor([981.0, 20.25]),
        "transformer.context": torch.randn(2, 13, config.joint_attention_dim),
        "transformer.pooled": torch.randn(2, config.pooled_projection_dim),
    }
    guidance = None
    if config.guidance_embeds:
        guidance = golden["transformer.guidance"] = torch.tensor([3.5, 1.25])
    packed = FluxPipeline._pack_latents(golden["transformer.sample"], 2, config.in_channels // 4, height, width)
    with torch.no_grad():
        answer = net(
            hidden_states=packed, encoder_hidden_states=golden["transformer.context"], pooled_projections=golden["transformer.pooled"],
            timestep=golden["transformer.timestep"] / 1000, guidance=guidance, txt_ids=torch.zeros(13, 3),
            img_ids=FluxPipeline._prepare_latent_image_ids(2, height // 2, width // 2, "cpu", torch.float32),
        ).sample
    golden["transformer.out_sample"] = FluxPipeline._unpack_latents(answer, height * 8, width * 8, 8)
    return golden


def single_file(config, template) -> dict[str, torch.Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        golden = one_call(converted(config, {key: value.float() for key, value in load_file(file).items()}))
        vae = AutoencoderKL.from_single_file(str(file), config=str(config / "vae"), torch_dtype=torch.float32).eval()
        golden["ids"] = torch.tensor([[49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407]])
        pixels = torch.rand(1, 3, 16, 24) * 2 - 1
        latents = torch.randn(1, 16, 3, 2)
        with torch.no_grad():
            golden |= {"vae.pixels": pixels, "vae.encoded": vae.encode(pixels).latent_dist.mean}
            golden |= {"vae.latent_sample": latents, "vae.sample": vae.decode(latents).sample}
            # a copy each: conversions take tensors out of it
            clip = clip_of({key: value.float() for key, value in load_file(file).items()}, "text_encoder", str(config), CLIPTextModel).eval()
            golden["text_encoder.pooled"] = clip(golden["ids"]).pooler_output
            t5 = t5_of({key: value.float() for key, value in load_file(file).items()}, "text_encoder_2", str(config)).eval()
            golden["text_encoder_2.states"] = t5(golden["ids"] % 32000)[0]
    return golden


def converted(config, checkpoint):
    stated = read(config / "transformer/config.json")
    convert = single_file_utils.convert_flux_transformer_checkpoint_to_diffusers
    # which has the width of the published models in it
    source = inspect.getsource(convert)
    told = source.replace("inner_dim = 3072", f"inner_dim = {stated['num_attention_heads'] * stated['attention_head_dim']}")
    if told == source:
        raise ValueError("diffusers' conversion is another one")
    names = {}
    exec(told, vars(single_file_utils), names)
    net = FluxTransformer2DModel.from_config(stated)
    net.load_state_dict(names[convert.__name__](checkpoint))
    return net.eval()


def whole_way(config, template) -> dict[str, torch.Tensor]:
    stated = read(config / "template.json")
    tensors = json.loads(gzip.open(template / "tensors.json.gz").read())
    transformer = filled(FluxTransformer2DModel.from_config(read(config / "transformer/config.json")), tensors["transformer"])
    clip = filled(CLIPTextModel(CLIPTextConfig.from_dict(read(config / "text_encoder/config.json"))), tensors["text_encoder"])
    t5 = filled(T5EncoderModel(T5Config.from_dict(read(config / "text_encoder_2/config.json"))), tensors["text_encoder_2"])
    vae = filled(AutoencoderKL.from_config(read(config / "vae/config.json")), tensors["vae_decoder"] | tensors["vae_encoder"])
    scheduler = {key: value for key, value in read(config / "scheduler/scheduler_config.json").items() if key != "timestep_spacing"}
    pipeline = FluxPipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler.from_config(scheduler), vae=vae,
        text_encoder=clip, tokenizer=clip_tokenizer("<|endoftext|>"), text_encoder_2=t5, tokenizer_2=t5_tokenizer(),
    )
    pipeline.set_progress_bar_config(disable=True)
    tokens = stated["text_encoders"][1]["max_tokens"]
    golden = one_call(transformer)
    for number, tokenizer in enumerate((pipeline.tokenizer, pipeline.tokenizer_2)):
        golden[f"ids.{number}.prompt"] = torch.tensor(tokenizer(PROMPT)["input_ids"])
    with torch.no_grad():
        context, pooled, _ = pipeline.encode_prompt(PROMPT, max_sequence_length=tokens)
        golden |= {"context.prompt": context, "pooled.prompt": pooled}
        pixels = torch.rand(1, 3, 16, 24) * 2 - 1
        golden |= {"vae.pixels": pixels, "vae.encoded": vae.encode(pixels).latent_dist.mean}
    for name, size in PICTURES.items():
        draw(pipeline, name, size, tokens, golden)
    for pixels, steps in SCHEDULES:
        patches = (pixels // PATCH) ** 2
        pipeline.scheduler.set_timesteps(sigmas=numpy.linspace(1.0, 1 / steps, steps), mu=calculate_shift(patches))
        golden[f"sigmas.{patches}.{steps}"] = pipeline.scheduler.sigmas
    return golden


def draw(pipeline, name, size, tokens, golden):
    height, width, steps = size

    def stepped(_, step, timestep, values):
        golden[f"{name}latents.{step}"] = FluxPipeline._unpack_latents(values["latents"], height, width, 8).clone()
        return values

    picture = pipeline(
        PROMPT, height=height, width=width, num_inference_steps=steps, guidance_scale=GUIDANCE, max_sequence_length=tokens,
        generator=torch.Generator("cpu").manual_seed(SEED), callback_on_step_end=stepped, output_type="np",
    ).images[0]
    if not name:
        golden["picture"] = torch.from_numpy(numpy.rint(picture * 255).astype(numpy.uint8))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:4]), "".join(sys.argv[4:]))
