"""Checkpoints in fp16 and in pieces of at most 15 MB, for machines that hand back only small files.

usage: python -m starter.pieces split WORK OUT NAME...      python -m starter.pieces join IN WORK NAME...
"""
import io
import pathlib
import sys

import torch

PIECE = 15_000_000


def halved(value):
    if isinstance(value, dict):
        return {k: halved(v) for k, v in value.items() if k != "raw"}
    return value.half() if isinstance(value, torch.Tensor) and value.dtype == torch.float32 and value.numel() > 64 else value


def floats(value):
    if isinstance(value, dict):
        return {k: floats(v) for k, v in value.items()}
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.float16 else value


def main(action, source, target, names):
    for name in names:
        if action == "split":
            buffer = io.BytesIO()
            torch.save(halved(torch.load(source / f"{name}.pt", weights_only=False, map_location="cpu")), buffer)
            content = buffer.getvalue()
            for i in range(0, len(content), PIECE):
                (target / f"{name}.pt.{i // PIECE}").write_bytes(content[i:i + PIECE])
        else:
            parts = sorted(source.glob(f"{name}.pt.*"), key=lambda p: int(p.suffix[1:]))
            content = io.BytesIO(b"".join(p.read_bytes() for p in parts))
            torch.save(floats(torch.load(content, weights_only=False)), target / f"{name}.pt")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:])
