"""Writes the weights of a graph that export.py made: the same as networks.py gives PyTorch."""

import json
import pathlib


def fill(graph, module):
    """graph: path of NETWORK.onnx; module: what networks.Network.make gave, on any device"""
    graph = pathlib.Path(graph)
    parameters = module.state_dict()
    with open(str(graph) + ".data", "wb") as data:
        for weight in json.loads(graph.with_suffix(".json").read_text()):
            value = parameters[weight["parameter"]]
            array = (value.T if weight["transposed"] else value).half().contiguous().cpu().numpy()
            if data.tell() != weight["offset"] or array.nbytes != weight["bytes"]:
                raise SystemExit(f"{graph}: {weight} is not what the network has")
            data.write(array.data)
