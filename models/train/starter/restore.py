"""The shipped ONNX files back to checkpoints, to distil from them, or to train on: rename unet.pt to unet-start.pt.

usage: python -m starter.restore MODEL WORK      reads MODEL/unet, vae_encoder, vae_decoder and image_encoder
"""
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from .autoencoder import Decoder, Encoder
from .image_encoder import ImageEncoder
from .unet import UNet


def weights(file, module, prefix=""):
    """The state of `module` from an exported graph. Linear layers stand there transposed and
    group norms as their factors, both under the names of their nodes."""
    graph = onnx.load(file).graph
    stored = {i.name.removesuffix("_fp16"): numpy_helper.to_array(i).astype(np.float32) for i in graph.initializer}
    for node in graph.node:
        if node.op_type in ("MatMul", "Mul", "Add") and node.input[1] in stored and "/" in node.name.strip("/"):
            *parts, operation = node.name.strip("/").split("/")
            # a Sequential's child stands as body/body.0
            path = ".".join(p for p, after in zip(parts, parts[1:] + [""]) if not after.startswith(p + "."))
            array, operation = stored[node.input[1]], operation.split("_")[0]
            if operation == "MatMul":
                stored[path + ".weight"] = array.T
            else:
                stored.setdefault(path + {"Mul": ".weight", "Add": ".bias"}[operation], array.reshape(-1))
    found = {}
    for name, wanted in module.state_dict().items():
        array = stored[prefix + name]
        if array.shape != tuple(wanted.shape):
            raise SystemExit(f"{file}: {name} is {array.shape} and not {tuple(wanted.shape)}")
        found[name] = torch.from_numpy(array.copy())
    return found, stored


def main(model: pathlib.Path, work: pathlib.Path):
    work.mkdir(parents=True, exist_ok=True)
    net = UNet()
    torch.save(dict(weights=weights(model / "unet/model.onnx", net)[0], config=net.config, steps=0, samples=0), work / "unet.pt")
    encoder, stored = weights(model / "vae_encoder/model.onnx", Encoder(), "encoder.")
    decoder, _ = weights(model / "vae_decoder/model.onnx", Decoder(), "encoder.")
    mean, std = (torch.from_numpy(stored[n].reshape(4).copy()) for n in ("mean", "std"))
    torch.save(dict(encoder=encoder, decoder=decoder, mean=mean, std=std), work / "autoencoder.pt")
    torch.save(dict(weights=weights(model / "image_encoder/model.onnx", ImageEncoder())[0]), work / "image_encoder.pt")
    print("wrote unet.pt, autoencoder.pt and image_encoder.pt in", work)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
