#!/usr/bin/env python3
"""Writes models as ONNX folders of others have them, without their weights, and what diffusers computes with these weights.

usage: golden_onnx.py CONFIG OUT

CONFIG is a configuration of models/export/configs. OUT gets PART.onnx.gz, exported with the names of inputs and outputs that
optimum-onnx 0.1.0 gives them, or diffusers' convert_stable_diffusion_checkpoint_to_onnx.py; weights.json with the tensors of the files that
lie beside each graph, one after the other in fp32, whose numbers follow from PART.NAME (weights.py); and golden.safetensors.
"""
import gzip
import io
import json
import math
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "models/export"))

import onnx
import torch
import weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from onnx import TensorProto
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection
from variants import complete

PICTURE = {0: "batch_size", 2: "height", 3: "width"}
# optimum's, and that of diffusers' script
FILES = {False: "weights.pb", True: "model.onnx_data"}


class Part(torch.nn.Module):
    def __init__(self, name, net, call):
        super().__init__()
        self.name, self.net, self.call = name, net, call
        with torch.no_grad():
            for key, parameter in net.named_parameters():
                parameter.copy_(torch.from_numpy(weights.weight(f"{name}.{key}", list(parameter.shape))))

    def forward(self, *values):
        return self.call(self.net, *values)


def text_part(folder, config):
    projects = "CLIPTextModelWithProjection" in config["architectures"]
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    net = kind._from_config(CLIPTextConfig.from_dict(config), attn_implementation="eager").eval()

    def call(net, ids):
        out = net(ids, output_hidden_states=True)
        first = (out.text_embeds, out.last_hidden_state) if projects else (out.last_hidden_state, out.pooler_output)
        return first + tuple(out.hidden_states)

    return Part(folder, net, call), ["text_embeds", "last_hidden_state"] if projects else ["last_hidden_state", "pooler_output"]


def export(part, values, axes, outputs, file, out):
    buffer = io.BytesIO()
    torch.onnx.export(
        part, tuple(values.values()), buffer, dynamo=False, opset_version=17, do_constant_folding=False, input_names=list(values),
        output_names=list(outputs), dynamic_axes=axes | outputs,
    )
    model = onnx.load_from_string(buffer.getvalue())
    known, kept, at = dict(part.net.named_parameters()), [], 0
    for tensor in model.graph.initializer:
        name = tensor.name.removeprefix("net.")
        if name in known:
            size = 4 * math.prod(tensor.dims)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", file), ("offset", at), ("length", size)):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, str(value)
            kept.append({"name": f"{part.name}.{name}", "shape": list(tensor.dims)})
            at += size
    for node in model.graph.node:
        node.ClearField("doc_string")
    (out / f"{part.name}.onnx.gz").write_bytes(gzip.compress(model.SerializeToString(deterministic=True), 9, mtime=0))
    return {"file": file, "tensors": kept}


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    torch.manual_seed(20261128)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        config = complete(source, pathlib.Path(folder))
        read = lambda name: json.loads((config / name).read_text())
        stated, unet_config, vae_config = read("template.json"), read("unet/config.json"), read("vae/config.json")
        encoders = [(spec, *text_part(spec["folder"], read(f"{spec['folder']}/config.json"))) for spec in stated["text_encoders"]]
    xl = len(encoders) > 1
    golden, stored, states, pooled = {}, {}, [], None
    ids = torch.tensor([[49406, 320, 1125, 539, 320, 2368, 49407] + [49407] * 70])
    golden["ids"] = ids
    for spec, part, first in encoders:
        layers = part.net.config.num_hidden_layers
        # optimum's dummy inputs are of 64 bits, those of diffusers' script of 32
        values = {"input_ids": ids if xl else ids.int()}
        names = first + [f"hidden_states.{i}" for i in range(layers + 1)]
        if not xl:
            call = part.call
            part.call = lambda net, ids, call=call: call(net, ids)[:2]
            names = first
        outputs = dict(zip(names, part(*values.values())))
        states.append(outputs[f"hidden_states.{layers - 1}" if spec["penultimate"] else "last_hidden_state"])
        golden[f"{part.name}.states"] = states[-1]
        pooled = outputs.get("text_embeds", pooled)
        stored[part.name] = export(
            part, values, {"input_ids": {0: "batch_size", 1: "sequence_length"}}, {name: {0: "batch_size"} for name in names}, FILES[xl], out
        )
    if pooled is not None:
        golden["text_embeds"] = pooled

    def network(net, sample, timestep, context, *added):
        conditions = dict(zip(("text_embeds", "time_ids"), added)) if added else None
        return net(sample, timestep, context, added_cond_kwargs=conditions, return_dict=False)[0]

    unet = Part("unet", UNet2DConditionModel.from_config(unet_config).eval(), network)
    context = torch.cat(states, -1)
    values = {
        "sample": torch.randn(1, 4, 8, 12), "timestep": torch.tensor([481.0]) if xl else torch.tensor(481), "encoder_hidden_states": context,
    }
    axes = {"sample": {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"}}
    if xl:
        values |= {"text_embeds": pooled, "time_ids": torch.tensor([[64.0, 96, 0, 0, 64, 96]])}
        axes |= {"timestep": {0: "steps"}, "text_embeds": {0: "batch_size"}, "time_ids": {0: "batch_size"}}
    golden |= {"unet.sample": values["sample"], "unet.out_sample": unet(*values.values())}
    stored["unet"] = export(unet, values, axes, {"out_sample": axes["sample"]}, FILES[xl], out)

    vae = AutoencoderKL.from_config(vae_config).eval()
    decoder = Part("vae_decoder", vae, lambda net, latents: net.decode(latents, return_dict=False)[0])
    latents = torch.randn(1, 4, 3, 2)
    golden |= {"vae.latent_sample": latents, "vae.sample": decoder(latents)}
    stored["vae_decoder"] = export(decoder, {"latent_sample": latents}, {"latent_sample": PICTURE}, {"sample": PICTURE}, FILES[xl], out)
    output = "latent_parameters" if xl else "latent_sample"

    def encode(net, pixels):
        distribution = net.encode(pixels).latent_dist
        return distribution.parameters if xl else distribution.mean

    encoder = Part("vae_encoder", vae, encode)
    pixels = torch.rand(1, 3, 16, 24) * 2 - 1
    stored["vae_encoder"] = export(encoder, {"sample": pixels}, {"sample": PICTURE}, {output: PICTURE}, FILES[xl], out)
    (out / "weights.json").write_text(json.dumps(stored, separators=(",", ":")) + "\n")
    save_file({k: v.contiguous() for k, v in golden.items()}, out / "golden.safetensors")
    (out / "golden.safetensors").chmod(0o644)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with torch.no_grad():
        main(*map(pathlib.Path, sys.argv[1:]))
