#!/usr/bin/env python3
"""Writes LoRAs of FLUX.1 and Stable Diffusion 3 in the layouts that people have, and what diffusers and PEFT compute with them.

usage: golden_transformer_loras.py CONFIG TEMPLATE OUT

CONFIG and TEMPLATE are those of golden_flux.py and golden_sd3.py, and the checkpoint is the single file. OUT gets kohya, original and
peft.safetensors, and golden.safetensors with inputs and outputs in fp32. diffusers' own loader reads peft's, and the transformer's of FLUX.1 by
kohya's names. Where it knows no such names (Stable Diffusion 3), or leaves layers out (CLIP's by kohya's names, and original: every
layer of the network, by the names of the original layout), the change is added to the tensors of the single file, before diffusers'
conversion splits them.
"""
import inspect
import json
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import golden_flux
import golden_sd3
import make_checkpoints
import torch
import weights
from diffusers import FluxPipeline, SD3Transformer2DModel, StableDiffusion3Pipeline
from diffusers.loaders import lora_conversion_utils, lora_pipeline
from diffusers.utils import set_weights_and_activate_adapters
from golden_sd3 import SEED, clip_of, read
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection
from variants import complete

RANK = 2
CASES = {
    "kohya": {"kohya": 0.8},
    "original": {"original": -0.5},
    "peft": {"peft": 1.0},
    "two": {"kohya": 0.8, "peft": -0.6},
}
NETWORK = "model.diffusion_model."
CLIPS = {"lora_te1_": "text_encoders.clip_l.transformer.", "lora_te2_": "text_encoders.clip_g.transformer."}


def random(name, shape):
    return torch.from_numpy(weights.weight(name, list(shape))).half()


def pair(tensors, key, names, shape, alpha):
    """One layer's matrices; a convolution has its window in the first."""
    down, up = names
    tensors[f"{key}.{down}.weight"] = random(key + "down", (RANK,) + tuple(shape[1:]))
    tensors[f"{key}.{up}.weight"] = random(key + "up", (shape[0], RANK) + (1,) * (len(shape) - 2))
    if alpha is not None:
        tensors[f"{key}.alpha"] = torch.tensor(alpha)


def layers(checkpoint, prefix):
    """Names without prefix and ending, and shapes, of what multiplies."""
    return {
        name.removeprefix(prefix).removesuffix(".weight"): value.shape
        for name, value in checkpoint.items()
        if name.startswith(prefix) and name.endswith(".weight") and value.dim() > 1 and "embedding" not in name
    }


def kohya(checkpoint):
    """As sd-scripts' networks name them: the blocks' layers, fused as the original has them, and some of the CLIPs'."""
    tensors = {}
    for name, shape in layers(checkpoint, NETWORK).items():
        if "blocks." in name:
            pair(tensors, "lora_unet_" + name.replace(".", "_"), ("lora_down", "lora_up"), shape, 1.0)
    for key, prefix in CLIPS.items():
        for name, shape in layers(checkpoint, prefix).items():
            if name.endswith(("q_proj", "fc1")):
                pair(tensors, key + name.replace(".", "_"), ("lora_down", "lora_up"), shape, 3.0)
    return tensors


def original(checkpoint):
    """Every layer of the network, by the names that ComfyUI has for them, without alpha."""
    tensors = {}
    for name, shape in layers(checkpoint, NETWORK).items():
        pair(tensors, "diffusion_model." + name, ("lora_A", "lora_B"), shape, None)
    return tensors


def merged(checkpoint, tensors, weight):
    """The checkpoint with a LoRA of the original layout's layers added to it."""
    changed, known = dict(checkpoint), 0
    for short, prefix in {"lora_unet_": NETWORK, "diffusion_model.": NETWORK, **CLIPS}.items():
        for name in layers(checkpoint, prefix):
            key = short + (name.replace(".", "_") if short.endswith("_") else name)
            down, up = (tensors.get(f"{key}.{a}.weight", tensors.get(f"{key}.{b}.weight")) for a, b in (("lora_down", "lora_A"), ("lora_up", "lora_B")))
            if down is None:
                continue
            known += 1
            scale = weight * tensors.get(f"{key}.alpha", torch.tensor(float(RANK))).item() / RANK
            tensor = f"{prefix}{name}.weight"
            delta = scale * up.float().flatten(1) @ down.float().flatten(1)
            changed[tensor] = checkpoint[tensor] + delta.reshape(checkpoint[tensor].shape)
    if known != sum("down" in key or "lora_A" in key for key in tensors):
        raise ValueError("layers of the LoRA are not in the checkpoint")
    return changed


def peft(nets, pipeline, out):
    """As diffusers' training scripts save, with ranks and alphas in the file's metadata."""
    states = {}
    for folder, net in nets.items():
        targets = ["to_q", "to_k", "to_v", "to_out.0", "add_k_proj", "proj_mlp", "norm1.linear", "ff.net.0.proj"]
        if folder != "transformer":
            targets = ["q_proj", "fc1"]
        net.add_adapter(LoraConfig(r=RANK, lora_alpha=3, target_modules=targets), "default")
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if "lora_" in name:
                    parameter.copy_(random(folder + name, parameter.shape).float())
        states[folder + "_lora_layers"] = get_peft_model_state_dict(net)
        states[folder + "_lora_adapter_metadata"] = net.peft_config["default"].to_dict()
    with tempfile.TemporaryDirectory() as folder:
        pipeline.save_lora_weights(folder, weight_name="peft.safetensors", **states)
        (out / "peft.safetensors").write_bytes((pathlib.Path(folder) / "peft.safetensors").read_bytes())


def load(file, name, nets, pipeline, width):
    """By diffusers' own loader."""
    if pipeline is FluxPipeline:
        # the conversion of kohya's names has the widths of the published models in it
        convert = lora_conversion_utils._convert_kohya_flux_lora_to_diffusers
        source = inspect.getsource(convert)
        told = source.replace("[3072, 3072, 3072, 12288]", str([width] * 3 + [4 * width]))
        if told == source:
            raise ValueError("diffusers' conversion is another one")
        names = {}
        exec(told, vars(lora_conversion_utils), names)
        lora_pipeline._convert_kohya_flux_lora_to_diffusers = names[convert.__name__]
        state, alphas, metadata = pipeline.lora_state_dict(str(file), return_alphas=True, return_lora_metadata=True)
        pipeline.load_lora_into_transformer(state, alphas, nets["transformer"], adapter_name=name, metadata=metadata)
    else:
        alphas = None
        state, metadata = pipeline.lora_state_dict(str(file), return_lora_metadata=True)
        pipeline.load_lora_into_transformer(state, nets["transformer"], adapter_name=name, metadata=metadata)
    for folder, net in nets.items():
        if folder != "transformer" and name == "peft":
            pipeline.load_lora_into_text_encoder(state, alphas, net, prefix=folder, adapter_name=name, metadata=metadata)


def networks(config, flux, checkpoint, folder):
    """The transformer and the CLIPs of a single file, by diffusers' conversions, which take tensors out of what they get."""
    if flux:
        nets = {"transformer": golden_flux.converted(config, dict(checkpoint))}
    else:
        file = folder / "merged.safetensors"
        save_file(checkpoint, file)
        nets = {"transformer": SD3Transformer2DModel.from_single_file(str(file), config=str(config / "transformer"), torch_dtype=torch.float32)}
    kind = CLIPTextModel if flux else CLIPTextModelWithProjection
    for name in ["text_encoder"] if flux else ["text_encoder", "text_encoder_2"]:
        nets[name] = clip_of(dict(checkpoint), name, str(config), kind)
    return {name: net.eval() for name, net in nets.items()}


def compute(nets, flux):
    torch.manual_seed(SEED)
    golden = (golden_flux if flux else golden_sd3).one_call(nets["transformer"])
    golden["ids"] = torch.tensor([[49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407]])
    with torch.no_grad():
        for name, net in nets.items():
            if name != "transformer":
                result = net(golden["ids"])
                golden[f"{name}.pooled"] = result.pooler_output if flux else result.text_embeds
    return golden


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write(complete(config, pathlib.Path(folder) / "config"), template, out, pathlib.Path(folder))


def write(config, template, out, folder):
    flux = read(config / "transformer/config.json")["_class_name"].startswith("Flux")
    pipeline = FluxPipeline if flux else StableDiffusion3Pipeline
    make_checkpoints.main(template, folder / "checkpoint.safetensors", "fp16")
    checkpoint = {name: value.float() for name, value in load_file(folder / "checkpoint.safetensors").items()}
    loras = {"kohya": kohya(checkpoint), "original": original(checkpoint)}
    for name, tensors in loras.items():
        save_file(tensors, out / f"{name}.safetensors")
    plain = networks(config, flux, checkpoint, folder)
    stated = read(config / "transformer/config.json")
    width = stated["num_attention_heads"] * stated["attention_head_dim"]
    outputs = compute(plain, flux)
    golden = {name: value for name, value in outputs.items() if not name.endswith(("out_sample", "pooled")) or name == "transformer.pooled"}
    results = [name for name in outputs if name not in golden]
    peft(plain, pipeline, out)
    added = {
        "kohya": {key: value for key, value in loras["kohya"].items() if key.startswith("lora_te") or not flux},
        "original": loras["original"],
    }
    by_loader = ["kohya", "peft"] if flux else ["peft"]
    for case, chosen in CASES.items():
        changed = checkpoint
        for name, weight in chosen.items():
            if name in added:
                changed = merged(changed, added[name], weight)
        nets = networks(config, flux, changed, folder)
        loaded = [name for name in chosen if name in by_loader]
        for name in loaded:
            load(out / f"{name}.safetensors", name, nets, pipeline, width)
        for net in nets.values():
            own = [name for name in loaded if name in getattr(net, "peft_config", {})]
            if own:
                set_weights_and_activate_adapters(net, own, [chosen[name] for name in own])
        made = compute(nets, flux)
        for name in results:
            # those of CLIP are as they were where the LoRA is of the network alone
            if case != "original" and torch.allclose(made[name], outputs[name], rtol=1e-3):
                raise ValueError(f"{case} changes nothing in {name}")
            golden[f"{case}.{name}"] = made[name]
    save_file({key: value.contiguous() for key, value in golden.items()}, out / "golden.safetensors", {"cases": json.dumps(CASES)})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
