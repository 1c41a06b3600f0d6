"""Reads a network in TensorFlow.js' layers format: model.json and the shards of weights beside it.

The format: https://www.tensorflow.org/js/guide/save_load; quantized weights are q * scale + min.
"""
import json
import pathlib

import numpy as np


class LayersModel:
    """layers: Keras' configurations in the order of the graph; weights by name, as stored: (values, scale, minimum)."""

    def __init__(self, path: pathlib.Path):
        description = json.loads(path.read_text(encoding="utf-8"))
        topology = description["modelTopology"]
        self.layers = topology["model_config"]["config"]["layers"]
        self.weights = {}
        for group in description["weightsManifest"]:
            data = b"".join((path.parent / shard).read_bytes() for shard in group["paths"])
            offset = 0
            for weight in group["weights"]:
                quantization = weight.get("quantization")
                stored = np.dtype(quantization["dtype"] if quantization else weight["dtype"]).newbyteorder("<")
                count = int(np.prod(weight["shape"]))
                values = np.frombuffer(data, stored, count, offset).reshape(weight["shape"])
                offset += count * stored.itemsize
                self.weights[weight["name"]] = (
                    (values, quantization["scale"], quantization["min"]) if quantization else (values, None, None))
            if offset != len(data):
                raise SystemExit(f"{path}: {len(data)} bytes of weights, {offset} of them described")

    def weight(self, name: str) -> np.ndarray:
        """As fp32, the way TensorFlow.js widens it."""
        values, scale, minimum = self.weights[name]
        if scale is None:
            return values.astype(np.float32)
        return (values.astype(np.float64) * scale + minimum).astype(np.float32)
