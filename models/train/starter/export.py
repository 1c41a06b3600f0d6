"""Checkpoints to ONNX (opset 17) in diffusers' layout, weights stored as fp16 and cast to fp32 when a session loads.

usage: python -m starter.export WORK MODELS      writes MODELS/starter with its image encoder, and the U-Net of MODELS/starter-turbo
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
from .image_encoder import ImageEncoder
from .unet import UNet

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


def export(module, arguments, inputs, output, axes, target):
    module.eval()
    plain = target.with_suffix(".fp32.onnx")
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(module, arguments, str(plain), input_names=inputs, output_names=[output], dynamic_axes=axes,
                      opset_version=17, do_constant_folding=True, dynamo=False)
    store_as_fp16(plain, target)
    plain.unlink()
    session = onnxruntime.InferenceSession(str(target))
    with torch.no_grad():
        expected = module(*arguments).numpy()
    got = session.run(None, {n: a.numpy() for n, a in zip(inputs, arguments)})[0]
    error = np.sqrt(((got - expected) ** 2).mean() / (expected**2).mean())
    print(f"{target.parent.parent.name}/{target.parent.name}: {target.stat().st_size:,} bytes, relative RMS against PyTorch {error:.1e}", flush=True)
    if not error < 2e-3:
        raise SystemExit(f"{target} does not compute what PyTorch computes")
    return session


def export_unet(stored, target):
    net = UNet(**stored["config"])
    net.load_state_dict(stored["weights"])
    torch.manual_seed(0)
    sample, when, text = torch.randn(2, 4, 16, 16), torch.tensor([500, 20]), torch.randn(2, 32, 384)
    text[0, 9:] = 0
    size = {0: "batch", 2: "height", 3: "width"}
    session = export(net, (sample, when, text), ["sample", "timestep", "encoder_hidden_states"], "out_sample",
                     {"sample": size, "timestep": {0: "steps"}, "encoder_hidden_states": {0: "batch", 1: "sequence"}, "out_sample": size}, target)

    def run(rows):
        return session.run(None, {"sample": sample[:1].numpy(), "timestep": when[:1].numpy(), "encoder_hidden_states": text[:1, :rows].numpy()})[0]

    padding = np.abs(run(9) - run(32)).max()
    if padding > 1e-5:
        raise SystemExit(f"padding of the prompt changes the picture by {padding}")


def main(work: pathlib.Path, models: pathlib.Path):
    def load(name):
        return torch.load(work / f"{name}.pt", weights_only=False, map_location="cpu")

    def filled(module, weights):
        module.load_state_dict(weights)
        return module

    starter, turbo = models / "starter", models / "starter-turbo"
    export_unet(load("unet"), starter / "unet/model.onnx")
    if (work / "turbo.pt").exists():
        export_unet(load("turbo"), turbo / "unet/model.onnx")
    k = load("autoencoder")
    size = {0: "batch", 2: "height", 3: "width"}
    torch.manual_seed(0)
    export(LatentEncoder(filled(Encoder(), k["encoder"]), k["mean"], k["std"]), (torch.rand(2, 3, 128, 128) * 2 - 1,), ["sample"],
           "latent_sample", {"sample": size, "latent_sample": size}, starter / "vae_encoder/model.onnx")
    export(LatentDecoder(filled(Decoder(), k["decoder"]), k["mean"], k["std"]), (torch.randn(2, 4, 16, 16),), ["latent_sample"],
           "sample", {"sample": size, "latent_sample": size}, starter / "vae_decoder/model.onnx")
    if (work / "image_encoder.pt").exists():
        export(filled(ImageEncoder(), load("image_encoder")["weights"]), (torch.rand(2, 3, 128, 128) * 2 - 1,), ["sample"], "features",
               {"sample": {0: "batch"}, "features": {0: "batch"}}, starter / "image_encoder/model.onnx")
    (starter / "scheduler").mkdir(parents=True, exist_ok=True)
    (starter / "scheduler/scheduler_config.json").write_text(json.dumps(SCHEDULER, indent=2))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
