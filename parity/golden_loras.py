#!/usr/bin/env python3
"""Writes LoRAs in the layouts that people have, and what diffusers and PEFT compute with them.

usage: golden_loras.py CONFIG TEMPLATE OUT

CONFIG and TEMPLATE are those of golden_checkpoints.py, and the checkpoint is the same. OUT gets kohya, locon, tucker and peft.safetensors, and
golden.safetensors with inputs and outputs in fp32. The names are written after kohya-ss/sd-scripts, LyCORIS and diffusers; diffusers'
own loader reads them, apart from tucker's (lora_mid), which it does not know: those layers are computed beside the network's own by hooks.
"""
import json
import pathlib
import sys
import tempfile

import golden_checkpoints
import make_checkpoints
import torch
import weights
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.utils import set_weights_and_activate_adapters
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

RANK = 2
CASES = {
    "kohya": {"kohya": 0.8},
    "locon": {"locon": -0.5},
    "tucker": {"tucker": 0.7},
    "peft": {"peft": 1.0},
    "two": {"kohya": 0.8, "peft": -0.6},
}


def random(name, shape):
    return torch.from_numpy(weights.weight(name, list(shape))).half()


def original_names(template):
    """What kohya's trainer for SDXL calls the U-Net's layers: as the original layout does."""
    import gzip

    parts = json.loads(gzip.open(template / "tensors.json.gz").read())
    return {
        name.removesuffix(".weight"): weight["sources"][0]["tensor"].removeprefix("model.diffusion_model.").removesuffix(".weight")
        for name, weight in parts["unet"].items()
    }


def layers(net, kinds):
    return {name: module for name, module in net.named_modules() if isinstance(module, kinds)}


def kohya(unet, encoders, renamed, convolutions, mid):
    """kohya's names. Linear layers of attention and text encoders, or also every convolution; mid: the larger ones in three parts."""
    tensors = {}

    def add(key, module, alpha):
        shape = module.weight.shape
        point = (1, 1) if len(shape) == 4 else ()
        window = tuple(shape[2:])
        three = mid and window == (3, 3)
        tensors[f"{key}.lora_down.weight"] = random(key + "down", (RANK, shape[1]) + (point if three else window))
        tensors[f"{key}.lora_up.weight"] = random(key + "up", (shape[0], RANK) + point)
        if three:
            tensors[f"{key}.lora_mid.weight"] = random(key + "mid", (RANK, RANK) + window)
        tensors[f"{key}.alpha"] = torch.tensor(alpha)

    for name, module in layers(unet, (torch.nn.Linear, torch.nn.Conv2d)).items():
        attention = ".attentions." in name
        convolution = ".resnets." in name or "samplers." in name
        if mid:
            wanted = convolution and name.startswith("mid_block")
        elif convolutions:
            wanted = convolution
        else:
            wanted = attention
        if wanted:
            add("lora_unet_" + renamed.get(name, name).replace(".", "_"), module, 1.0)
    if not convolutions:
        for number, net in enumerate(encoders):
            prefix = "lora_te_" if len(encoders) == 1 else f"lora_te{number + 1}_"
            for name, module in layers(net, torch.nn.Linear).items():
                if "layers." in name:
                    bare = name.removeprefix("text_model.")
                    add(f"{prefix}text_model_{bare.replace('.', '_')}", module, 3.0)
    return tensors


def peft(unet, encoders, pipeline, out):
    """As diffusers' training scripts save, with the ranks and alphas in the file's metadata."""
    for net, targets, alpha in [(unet, ["to_q", "to_k", "to_v", "to_out.0", "conv1"], 1)] + [(e, ["q_proj", "fc1"], 3) for e in encoders]:
        net.add_adapter(LoraConfig(r=RANK, lora_alpha=alpha, target_modules=targets), "default")
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if "lora_" in name:
                    parameter.copy_(random(name, parameter.shape).float())
    states = {"unet_lora_layers": get_peft_model_state_dict(unet), "unet_lora_adapter_metadata": unet.peft_config["default"].to_dict()}
    for number, net in enumerate(encoders):
        folder = ["text_encoder", "text_encoder_2"][number]
        states[folder + "_lora_layers"] = get_peft_model_state_dict(net)
        states[folder + "_lora_adapter_metadata"] = net.peft_config["default"].to_dict()
    with tempfile.TemporaryDirectory() as folder:
        pipeline.save_lora_weights(folder, weight_name="peft.safetensors", **states)
        (out / "peft.safetensors").write_bytes((pathlib.Path(folder) / "peft.safetensors").read_bytes())
    for net in [unet, *encoders]:
        net.delete_adapters("default") if net is unet else net.delete_adapter("default")


def load(file, name, unet, encoders, pipeline):
    loaded = pipeline.lora_state_dict(str(file), unet_config=unet.config, return_lora_metadata=True)
    state, alphas, metadata = loaded
    pipeline.load_lora_into_unet(state, alphas, unet, adapter_name=name, metadata=metadata)
    for number, net in enumerate(encoders):
        prefix = ["text_encoder", "text_encoder_2"][number]
        if any(key.startswith(prefix + ".") for key in state):
            pipeline.load_lora_into_text_encoder(
                state, alphas, net, prefix=prefix, adapter_name=name, metadata=metadata
            )


def beside(unet, tensors, renamed, weight):
    """Hooks that add the low-rank layers' answers to the network's own."""
    handles = []
    for wrapped, module in layers(unet, (torch.nn.Linear, torch.nn.Conv2d)).items():
        # PEFT puts its own around those that another LoRA changes
        name = wrapped.removesuffix(".base_layer")
        key = "lora_unet_" + renamed.get(name, name).replace(".", "_")
        if f"{key}.lora_down.weight" not in tensors:
            continue
        down, up = tensors[f"{key}.lora_down.weight"].float(), tensors[f"{key}.lora_up.weight"].float()
        mid = tensors.get(f"{key}.lora_mid.weight")
        scale = weight * tensors[f"{key}.alpha"].item() / RANK

        def hook(module, inputs, answer, down=down, up=up, mid=mid, scale=scale):
            if down.dim() == 2:
                return answer + scale * (inputs[0] @ down.T @ up.T)
            function = torch.nn.functional.conv2d
            if mid is None:
                rank = function(inputs[0], down, stride=module.stride, padding=module.padding)
            else:
                rank = function(function(inputs[0], down), mid.float(), stride=module.stride, padding=module.padding)
            return answer + scale * function(rank, up)

        handles.append(module.register_forward_hook(hook))
    assert handles
    return handles


def compute(unet, encoders, stated, ids, sample, timestep):
    """States by text encoder, pooled, and one call of the U-Net for one text."""
    outputs, states, pooled = {}, [], None
    for number, (net, spec) in enumerate(zip(encoders, stated["text_encoders"])):
        result = net(torch.tensor([ids + [spec["pad_id"]] * (77 - len(ids))]), output_hidden_states=True)
        states.append(result.hidden_states[-2] if spec["penultimate"] else result.last_hidden_state)
        outputs[f"text.{number}.states"] = states[-1]
        if hasattr(result, "text_embeds"):
            pooled = outputs["text.pooled"] = result.text_embeds
    added = None if pooled is None else {"text_embeds": pooled, "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]])}
    outputs["unet.out_sample"] = unet(sample, timestep, torch.cat(states, -1), added_cond_kwargs=added).sample
    return outputs


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    torch.manual_seed(20261127)
    out.mkdir(parents=True, exist_ok=True)
    stated = json.loads((config / "template.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        unet = UNet2DConditionModel.from_single_file(str(file), config=str(config / "unet"), torch_dtype=torch.float32).eval()
        checkpoint = load_file(file)
    encoders = [golden_checkpoints.text_encoder(checkpoint, spec, config) for spec in stated["text_encoders"]]
    xl = len(encoders) > 1
    pipeline = StableDiffusionXLPipeline if xl else StableDiffusionPipeline
    renamed = original_names(template) if xl else {}
    for name, convolutions, mid in [("kohya", False, False), ("locon", True, False), ("tucker", True, True)]:
        save_file(kohya(unet, encoders, renamed, convolutions, mid), out / f"{name}.safetensors")
    peft(unet, encoders, pipeline, out)

    sample, timestep = torch.randn(1, 4, 8, 8), torch.tensor([500.5])
    ids = [49406, 320, 1125, 539, 320, 2368, 49407]
    golden = {"ids": torch.tensor(ids), "sample": sample, "timestep": timestep}
    for name in ["kohya", "locon", "peft"]:
        load(out / f"{name}.safetensors", name, unet, encoders, pipeline)
    with torch.no_grad():
        for case, chosen in CASES.items():
            hooks = []
            for net in [unet, *encoders]:
                known = list(getattr(net, "peft_config", {}))
                set_weights_and_activate_adapters(net, known, [chosen.get(name, 0.0) for name in known])
            if case == "tucker":
                hooks = beside(unet, load_file(out / "tucker.safetensors"), renamed, chosen["tucker"])
            for key, value in compute(unet, encoders, stated, ids, sample, timestep).items():
                golden[f"{case}.{key}"] = value
            for hook in hooks:
                hook.remove()
    save_file({key: value.contiguous() for key, value in golden.items()}, out / "golden.safetensors", {"cases": json.dumps(CASES)})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
