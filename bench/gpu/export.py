"""Exports a network as an ONNX graph in fp16 without its weights, with ONNX Runtime's fusions for GPUs.

    python3 export.py [--tiny] NETWORK FOLDER

writes FOLDER/NETWORK.onnx and FOLDER/NETWORK-fused.onnx, each some MB, and beside each a .json with, for every weight, the
parameter of the PyTorch module that it is. fill.py puts the weights in. Needs torch, diffusers, onnx and onnxruntime.
"""

import argparse
import hashlib
import json
import pathlib
import tempfile

import numpy as np
import onnx
import torch
from networks import networks
from onnx import TensorProto, numpy_helper
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

from fusion_base import Fusion  # isort: skip; where that package finds its own modules

KEPT_BYTES = 1024
"""What is no larger stays in the graph."""


class MultiHeadAttention(torch.autograd.Function):
    """Attention as ONNX Runtime's own operator: flash attention on a GPU."""

    @staticmethod
    def forward(ctx, query, key, value, heads):
        def split(rows):
            return rows.unflatten(-1, (heads, -1)).transpose(1, 2)

        states = torch.nn.functional.scaled_dot_product_attention(split(query), split(key), split(value))
        return states.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(g, query, key, value, heads):
        return g.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads).setType(query.type())


class AttentionProcessor:
    """diffusers' processor for attention without masks, through that operator."""

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, **ignored):
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context)
        return attn.to_out[0](MultiHeadAttention.apply(query, key, value, attn.heads))


def export(network, path, fused, dtype=torch.float16):
    module = network.make(dtype)
    if fused and hasattr(module, "unet"):
        module.unet.set_attn_processor(AttentionProcessor())
    values = network.inputs(2, side=16)
    axes = {name: {0: "batch"} for name in values}
    for name in axes.keys() & {"sample", "latent_sample"}:
        axes[name] |= {2: "height", 3: "width"}
    if "encoder_hidden_states" in axes:
        axes["encoder_hidden_states"][1] = "sequence"
    output = "sample" if "latent_sample" in values else "out_sample"
    axes[output] = {0: "batch", 2: "height", 3: "width"}
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(value.to(dtype) for value in values.values()),
            str(path),
            dynamo=False,
            opset_version=17,
            do_constant_folding=True,
            input_names=list(values),
            output_names=[output],
            dynamic_axes=axes,
            custom_opsets={"com.microsoft": 1} if fused else None,
        )
    return module


def add_initializer(self, name, data_type, dims, vals, raw=True, *, original=Fusion.add_initializer):
    """The operator takes scale and shift of a group norm in fp32; the fusion expects to find them so in the graph."""
    vals = np.asarray(vals, np.float32) if data_type == TensorProto.FLOAT else vals
    return original(self, name, data_type, dims, vals, raw)


Fusion.add_initializer = add_initializer


def fuse(model, kind):
    """A group norm, which was exported as six operators, becomes one; with it what lies around it, and gated GELU.

    Convolutions stay as they are: the provider's prefer_nhwc turns them itself. Attention is fused by export: the patterns that
    are looked for here are those of fp32.
    """
    options = FusionOptions(kind)
    options.enable_attention = options.enable_nhwc_conv = False
    fused = optimize_model(model, model_type=kind, opt_level=0, optimization_options=options, use_gpu=True)
    print("fused:", {name: count for name, count in fused.get_fused_operator_statistics().items() if count})
    fused.topological_sort()
    return fused.model


def digest(array):
    return array.dtype.str, array.shape, hashlib.sha1(np.ascontiguousarray(array).tobytes()).hexdigest()


def drop_weights(model, module):
    """Takes the matrices out of a graph and tells, by name in the graph, which parameter each is.

    Vectors stay: together they are small, and the fusions read some of them.
    """
    parameters = {}
    for name, value in module.state_dict().items():
        array = value.half().numpy()
        parameters.setdefault(digest(array), (name, False))
        if array.ndim == 2:
            parameters.setdefault(digest(array.T), (name, True))
    weights = {}
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.nbytes <= KEPT_BYTES or array.ndim < 2 or np.all(array == array.flat[0]):
            continue
        if digest(array) not in parameters:
            print("stays in the graph:", tensor.name, array.dtype, array.shape)
            continue
        name, transposed = parameters[digest(array)]
        weights[tensor.name] = {"parameter": name, "transposed": transposed, "bytes": array.nbytes}
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="absent")
    return weights


def save(model, weights, target):
    """The graph with references into a file that fill.py writes, and what belongs there."""
    kept, offset = [], 0
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        weight = weights[tensor.name] | {"offset": offset}
        tensor.ClearField("external_data")
        for key, value in (("location", target.name + ".data"), ("offset", offset), ("length", weight["bytes"])):
            tensor.external_data.add(key=key, value=str(value))
        kept.append(weight)
        offset += weight["bytes"]
    target.write_bytes(model.SerializeToString())
    target.with_suffix(".json").write_text(json.dumps(kept))
    print(f"{target.name}: {len(kept)} weights, {offset / 1e6:.0f} MB, in the graph {target.stat().st_size / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("network")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    network = networks(arguments.tiny)[arguments.network]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, fused in ((network.name, False), (f"{network.name}-fused", True)):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
            file = pathlib.Path(scratch) / "exported.onnx"
            module = export(network, file, fused)
            model = onnx.load(str(file))
        weights = drop_weights(model, module)
        del module
        if fused:
            model = fuse(model, "vae" if network.name == "vae" else "unet")
        save(model, weights, arguments.folder / f"{name}.onnx")


if __name__ == "__main__":
    main()
