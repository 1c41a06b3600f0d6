"""Checkpoints to ONNX (opset 17) in diffusers' layout, weights stored as fp16 and cast to fp32 when a session loads.

usage: python -m starter.export WORK MODELS      writes MODELS/starter with its image encoder, the U-Net of MODELS/starter-turbo, and
                                                 MODELS/controlnets/starter-edges with the U-Net's second graph, which takes residuals
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
from onnx import TensorProto, helper, numpy_helper

from .autoencoder import Decoder, Encoder
from .image_encoder import ImageEncoder, ImagePrompt
from .unet import ControlNet, UNet

SCHEDULER = {
    "_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02,
    "prediction_type": "v_prediction", "timestep_spacing": "trailing", "clip_sample": True, "clip_sample_range": 5.0,
    "set_alpha_to_one": True, "steps_offset": 0,
}


class LatentEncoder(nn.Module):
    """The encoder with the latents' mean and deviation folded in, so that scaling_factor is 1."""

    def __init__(self, encoder, mean, std):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("mean", mean[None, :, None, None])
        self.register_buffer("std", std[None, :, None, None])

    def forward(self, sample):
        return (self.encoder(sample) - self.mean) / self.std


class LatentDecoder(LatentEncoder):
    def forward(self, latent_sample):
        return self.encoder(latent_sample * self.std + self.mean).clamp(-1, 1)


def store_as_fp16(source, target):
    """Replaces every large fp32 initializer by an fp16 one and a Cast, which ONNX Runtime folds at load."""
    model = onnx.load(source)
    graph, casts, kept = model.graph, [], []
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= 1024:
            kept.append(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name + "_fp16"))
            casts.append(helper.make_node("Cast", [weight.name + "_fp16"], [weight.name], to=TensorProto.FLOAT))
        else:
            kept.append(weight)
    nodes = casts + list(graph.node)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, target)


def export(module, arguments, inputs, outputs, axes, target):
    """-> the session of what was written, once its first output was compared with PyTorch's"""
    module.eval()
    outputs = [outputs] if isinstance(outputs, str) else outputs
    plain = target.with_suffix(".fp32.onnx")
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(module, arguments, str(plain), input_names=inputs, output_names=outputs, dynamic_axes=axes,
                      opset_version=17, do_constant_folding=True, dynamo=False)
    store_as_fp16(plain, target)
    plain.unlink()
    session = onnxruntime.InferenceSession(str(target))
    with torch.no_grad():
        expected = module(*arguments)
    expected = (expected if isinstance(expected, torch.Tensor) else expected[0]).numpy()
    got = session.run(outputs[:1], {n: a.numpy() for n, a in zip(inputs, arguments)})[0]
    # what is nearly zero, as a ControlNet's residuals after a few steps, is below the finest step of fp16
    error = np.sqrt(((got - expected) ** 2).mean()) / max(0.01, np.sqrt((expected**2).mean()))
    print(f"{target.parent.parent.name}/{target.parent.name}: {target.stat().st_size:,} bytes, relative RMS against PyTorch {error:.1e}", flush=True)
    if not error < 5e-3:  # shipped ones have 4e-4 at most; barely trained ones lose more
        raise SystemExit(f"{target} does not compute what PyTorch computes")
    return session


SIZE = {0: "batch", 2: "height", 3: "width"}
DENOISING = {"sample": SIZE, "timestep": {0: "steps"}, "encoder_hidden_states": {0: "batch", 1: "sequence"}}


def denoising_inputs():
    torch.manual_seed(0)
    text = torch.randn(2, 32, 384)
    text[0, 9:] = 0
    return torch.randn(2, 4, 16, 16), torch.tensor([500, 20]), text


def export_unet(stored, target):
    net = filled(UNet(**stored["config"]), stored["weights"])
    sample, when, text = denoising_inputs()
    session = export(net, (sample, when, text), list(DENOISING), "out_sample", DENOISING | {"out_sample": SIZE}, target)

    def run(rows):
        return session.run(None, {"sample": sample[:1].numpy(), "timestep": when[:1].numpy(), "encoder_hidden_states": text[:1, :rows].numpy()})[0]

    padding = np.abs(run(9) - run(32)).max()
    if padding > 1e-5:
        raise SystemExit(f"padding of the prompt changes the picture by {padding}")


def filled(module, weights):
    module.load_state_dict(weights)
    return module


class ControlledUNet(nn.Module):
    """The U-Net with the residuals as inputs of their own."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, text, middle, *down):
        return self.unet(sample, timestep, text, down, middle)


class Residuals(nn.Module):
    def __init__(self, control):
        super().__init__()
        self.control = control

    def forward(self, *inputs):
        down, middle = self.control(*inputs)
        return middle, *down


def share_weights(target, other):
    """Lets the graph at `target` read the weights that it has in common with the graph `other` from that file, which lies beside it."""
    model, content = onnx.load(target), other.read_bytes()
    for weight in model.graph.initializer:
        offset = content.find(weight.raw_data) if len(weight.raw_data) >= 1024 else -1
        if offset >= 0:
            length = len(weight.raw_data)
            weight.ClearField("raw_data")
            weight.data_location = TensorProto.EXTERNAL
            for key, value in dict(location=other.name, offset=offset, length=length).items():
                weight.external_data.add(key=key, value=str(value))
    target.write_bytes(model.SerializeToString())


def export_controlnet(stored, unet, starter, target):
    """Writes the ControlNet, and beside the U-Net of the folder `starter` the graph that takes what it makes."""
    control = filled(ControlNet(**stored["config"]), stored["weights"])
    inputs = denoising_inputs()
    down = [f"down_block_res_samples_{i}" for i in range(len(control.zero))]
    residual = {n: SIZE for n in ["mid_block_res_sample", *down]}
    hint = {"controlnet_cond": SIZE, "conditioning_scale": {}}
    arguments = (*inputs, (torch.rand(2, 3, 128, 128) > 0.9).float(), torch.tensor(0.8))
    export(Residuals(control), arguments, [*DENOISING, *hint], list(residual), DENOISING | hint | residual, target)
    with torch.no_grad():
        residuals = Residuals(control)(*arguments)
    net, graph = filled(UNet(**unet["config"]), unet["weights"]), starter / "unet/controlled.onnx"
    added = {n.replace("res_sample", "additional_residual"): SIZE for n in residual}
    export(ControlledUNet(net), (*inputs, *residuals), [*DENOISING, *added], "out_sample", DENOISING | added | {"out_sample": SIZE}, graph)
    share_weights(graph, starter / "unet/model.onnx")
    session = onnxruntime.InferenceSession(str(graph))
    feed = dict(zip([*DENOISING, *added], (a.numpy() for a in (*inputs, *residuals))))
    with torch.no_grad():
        error = np.abs(session.run(None, feed)[0] - ControlledUNet(net)(*inputs, *residuals).numpy()).max()
    print(f"{graph.name}: {graph.stat().st_size:,} bytes of its own, {error:.1e} from PyTorch at most")


def main(work: pathlib.Path, models: pathlib.Path):
    def load(name):
        return torch.load(work / f"{name}.pt", weights_only=False, map_location="cpu")

    starter, turbo = models / "starter", models / "starter-turbo"
    unet = load("pairs" if (work / "pairs.pt").exists() else "unet")
    export_unet(unet, starter / "unet/model.onnx")
    if (work / "turbo.pt").exists():
        export_unet(load("turbo"), turbo / "unet/model.onnx")
    if (work / "controlnet.pt").exists():
        export_controlnet(load("controlnet"), unet, starter, models / "controlnets/starter-edges/model.onnx")
    k = load("autoencoder")
    torch.manual_seed(0)
    export(LatentEncoder(filled(Encoder(), k["encoder"]), k["mean"], k["std"]), (torch.rand(2, 3, 128, 128) * 2 - 1,), ["sample"],
           "latent_sample", {"sample": SIZE, "latent_sample": SIZE}, starter / "vae_encoder/model.onnx")
    export(LatentDecoder(filled(Decoder(), k["decoder"]), k["mean"], k["std"]), (torch.randn(2, 4, 16, 16),), ["latent_sample"],
           "sample", {"sample": SIZE, "latent_sample": SIZE}, starter / "vae_decoder/model.onnx")
    if (work / "image_encoder.pt").exists():
        export(filled(ImageEncoder(), load("image_encoder")["weights"]), (torch.rand(2, 3, 128, 128) * 2 - 1,), ["sample"], "features",
               {"sample": {0: "batch"}, "features": {0: "batch"}}, starter / "image_encoder/model.onnx")
    if (work / "image_prompt.pt").exists():
        k = load("image_prompt")
        export(filled(ImagePrompt(**k["config"]), k["weights"]), (torch.randn(2, 384),), ["features"], "encoder_hidden_states",
               {"features": {0: "batch"}, "encoder_hidden_states": {0: "batch"}}, starter / "image_prompt/model.onnx")
    (starter / "scheduler").mkdir(parents=True, exist_ok=True)
    (starter / "scheduler/scheduler_config.json").write_text(json.dumps(SCHEDULER, indent=2))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
