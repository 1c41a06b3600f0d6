#!/usr/bin/env python3
"""Writes what diffusers' StableDiffusion3Pipeline computes with random weights, from a prompt to the picture.

usage: golden_sd3.py CONFIG TEMPLATE OUT.safetensors [short|file]

CONFIG is a configuration of models/export/configs, TEMPLATE what models/export made of it. Each part gets the numbers of weights.py in
fp16 under the names that diffusers itself saves it with: a name that the template does not have, or has and diffusers has not, is an error.
With "short" only one call of the transformer is written, for a short context. With "file" a checkpoint of make_checkpoints.py is loaded by
diffusers' own conversion of single files, and one call of each part is written.
"""
import gzip
import json
import pathlib
import sys
import tempfile

import make_checkpoints
import numpy
import torch
import weights
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from diffusers.loaders import single_file_utils
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, PreTrainedTokenizerFast, T5Config, T5EncoderModel

PROMPT = "a photograph of an astronaut riding a horse, by the façade of a café 🐎"
NEGATIVE = "blurry"
SEED = 20261127
STEPS = 4
HEIGHT, WIDTH = 64, 96
GUIDANCE = 5.0
TEMPLATES = pathlib.Path(__file__).parent.parent / "models/templates"


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path, what: str) -> None:
    torch.manual_seed(SEED)
    if what == "file":
        save_file({name: value.contiguous() for name, value in single_file(config, template).items()}, out)
        return
    tensors = json.loads(gzip.open(template / "tensors.json.gz").read())
    transformer = filled(SD3Transformer2DModel.from_config(read(config / "transformer/config.json")), tensors["transformer"])
    golden = one_call(transformer) if what == "short" else whole_way(config, tensors, transformer)
    save_file({name: value.contiguous() for name, value in golden.items()}, out, {
        "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": str(SEED), "steps": str(STEPS), "height": str(HEIGHT), "width": str(WIDTH),
        "guidance_scale": str(GUIDANCE),
    })


def one_call(net) -> dict[str, torch.Tensor]:
    config = net.config
    golden = {
        "transformer.sample": torch.randn(2, config.in_channels, 6, 4),
        "transformer.timestep": torch.tensor([981.0, 20.25]),
        "transformer.context": torch.randn(2, 13, config.joint_attention_dim),
        "transformer.pooled": torch.randn(2, config.pooled_projection_dim),
    }
    with torch.no_grad():
        golden["transformer.out_sample"] = net(*(golden[f"transformer.{name}"] for name in ("sample", "context", "pooled", "timestep"))).sample
    return golden


def single_file(config, template) -> dict[str, torch.Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        golden = one_call(SD3Transformer2DModel.from_single_file(str(file), config=str(config / "transformer"), torch_dtype=torch.float32).eval())
        vae = AutoencoderKL.from_single_file(str(file), config=str(config / "vae"), torch_dtype=torch.float32).eval()
        golden["ids"] = torch.tensor([[49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407]])
        pixels = torch.rand(1, 3, 16, 24) * 2 - 1
        latents = torch.randn(1, 16, 3, 2)
        with torch.no_grad():
            golden |= {"vae.pixels": pixels, "vae.encoded": vae.encode(pixels).latent_dist.mean}
            golden |= {"vae.latent_sample": latents, "vae.sample": vae.decode(latents).sample}
            for name in ("text_encoder", "text_encoder_2", "text_encoder_3"):
                # a copy: the conversion takes tensors out of it
                checkpoint = {key: value.float() for key, value in load_file(file).items()}
                create = t5_of if name.endswith("3") else clip_of
                net = create(checkpoint, name, str(config)).eval()
                if name.endswith("3"):
                    golden[f"{name}.states"] = net(golden["ids"] % 32000)[0]
                else:
                    result = net(golden["ids"], output_hidden_states=True)
                    golden |= {f"{name}.states": result.hidden_states[-2], f"{name}.pooled": result.text_embeds}
    return golden


def clip_of(checkpoint, folder, config, kind=CLIPTextModelWithProjection):
    return single_file_utils.create_diffusers_clip_model_from_ldm(
        kind, checkpoint, subfolder=folder, config=config, torch_dtype=torch.float32)


def t5_of(checkpoint, folder, config):
    net = T5EncoderModel(T5Config.from_pretrained(config, subfolder=folder))
    converted = single_file_utils.convert_sd3_t5_checkpoint_to_diffusers(checkpoint)
    converted["encoder.embed_tokens.weight"] = converted["shared.weight"]
    net.load_state_dict(converted)
    return net


def whole_way(config, tensors, transformer) -> dict[str, torch.Tensor]:
    clips = [
        filled(CLIPTextModelWithProjection(CLIPTextConfig.from_dict(read(config / folder / "config.json"))), tensors[folder])
        for folder in ("text_encoder", "text_encoder_2")
    ]
    t5 = filled(T5EncoderModel(T5Config.from_dict(read(config / "text_encoder_3/config.json"))), tensors["text_encoder_3"])
    vae = filled(AutoencoderKL.from_config(read(config / "vae/config.json")), tensors["vae_decoder"] | tensors["vae_encoder"])
    pipeline = StableDiffusion3Pipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler.from_config(read(config / "scheduler/scheduler_config.json")), vae=vae,
        text_encoder=clips[0], tokenizer=clip_tokenizer("<|endoftext|>"), text_encoder_2=clips[1], tokenizer_2=clip_tokenizer("!"),
        text_encoder_3=t5, tokenizer_3=t5_tokenizer(),
    )
    pipeline.set_progress_bar_config(disable=True)
    golden = one_call(transformer)
    for number, tokenizer in enumerate((pipeline.tokenizer, pipeline.tokenizer_2, pipeline.tokenizer_3)):
        for name, text in (("prompt", PROMPT), ("negative", NEGATIVE)):
            golden[f"ids.{number}.{name}"] = torch.tensor(tokenizer(text)["input_ids"])
    with torch.no_grad():
        context, negative, pooled, negative_pooled = pipeline.encode_prompt(PROMPT, None, None, negative_prompt=NEGATIVE)
        golden |= {"context.prompt": context, "context.negative": negative, "pooled.prompt": pooled, "pooled.negative": negative_pooled}
        pixels = torch.rand(1, 3, 16, 24) * 2 - 1
        golden |= {"vae.pixels": pixels, "vae.encoded": vae.encode(pixels).latent_dist.mean}

    def stepped(_, step, timestep, values):
        golden[f"latents.{step}"] = values["latents"].clone()
        return values

    picture = pipeline(
        PROMPT, negative_prompt=NEGATIVE, height=HEIGHT, width=WIDTH, num_inference_steps=STEPS, guidance_scale=GUIDANCE,
        generator=torch.Generator("cpu").manual_seed(SEED), callback_on_step_end=stepped, output_type="np",
    ).images[0]
    golden["picture"] = torch.from_numpy(numpy.rint(picture * 255).astype(numpy.uint8))
    return golden


def filled(net, places):
    """The network with the numbers of a checkpoint; both must have the same names and shapes."""
    own = net.state_dict()
    # transformers leaves the prefix out where the model is nothing else; published files have it
    prefix = "text_model." if "embeddings.token_embedding.weight" in own else ""
    names = {prefix + name: name for name in own if "position_ids" not in name}
    if "shared.weight" in own:
        # one table under two names, of which files have the first
        names.pop("encoder.embed_tokens.weight", None)
    unknown, lacking = set(places) - set(names), set(names) - set(places)
    # of the text encoders' last layer nothing is read but the pooled text
    if unknown or lacking:
        raise ValueError(f"diffusers lacks {sorted(unknown)}, and the template {sorted(lacking)}")
    numbers = {}
    for name, place in places.items():
        if tuple(own[names[name]].shape) != tuple(place["shape"]):
            raise ValueError(f"{name} is {tuple(own[names[name]].shape)}, and the template says {place['shape']}")
        numbers[names[name]] = torch.from_numpy(weights.weight(name, place["shape"]).astype(numpy.float16).astype(numpy.float32))
    if "shared.weight" in own:
        numbers["encoder.embed_tokens.weight"] = numbers["shared.weight"]
    net.load_state_dict(numbers, strict=False)
    return net.eval()


def clip_tokenizer(pad):
    model = json.loads(gzip.open(TEMPLATES / "clip-tokenizer.json.gz", "rt", encoding="utf-8").read())["model"]
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    return CLIPTokenizer(vocab=model["vocab"], merges=merges, pad_token=pad, model_max_length=77)


def t5_tokenizer():
    tokenizer = Tokenizer.from_str(gzip.open(TEMPLATES / "t5-tokenizer.json.gz", "rt", encoding="utf-8").read())
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512)


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:4]), "".join(sys.argv[4:]))
