"""The text encoder in PyTorch: all-MiniLM-L6-v2, from the ONNX file that the services run.

usage: python -m starter.text ONNX TOKENIZER OUT
       writes OUT/text.npz: its weights in fp16, of the word table only the rows that captions and test prompts use
"""
import pathlib
import shutil
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .captions import TOKENS, Art, plans, plural

LAYERS, HEADS, WIDTH = 6, 12, 384
UNKNOWN = 100  # [UNK]


def tokenizer(path):
    from tokenizers import Tokenizer
    found = Tokenizer.from_file(str(path))
    found.no_padding()
    found.no_truncation()
    return found


class TextEncoder(nn.Module):
    """ids of MiniLM's vocabulary [B, S], lengths [B] -> states of the tokens [B, S, 384]; rows past the length are zero."""

    def __init__(self, file, device):
        super().__init__()
        stored = np.load(file)
        kind = torch.float16 if device != "cpu" else torch.float32
        self.weights = {k: torch.from_numpy(stored[k]).to(device, kind) for k in stored.files if k != "rows"}
        self.place = torch.full((30522,), -1, dtype=torch.long)
        self.place[torch.from_numpy(stored["rows"]).long()] = torch.arange(len(stored["rows"]))
        self.place = self.place.to(device)
        self.unknown = int(self.place[UNKNOWN])

    def norm(self, x, name):
        return F.layer_norm(x, (WIDTH,), self.weights[name + ".weight"], self.weights[name + ".bias"], 1e-12)

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"].T, self.weights[name + ".bias"])

    @torch.no_grad()
    def forward(self, ids, lengths):
        batch, n = ids.shape
        rows = self.place[ids.long()]
        rows = torch.where(rows < 0, self.unknown, rows)
        w = self.weights
        mask = torch.arange(n, device=ids.device)[None] < lengths[:, None]
        bias = torch.where(mask, 0.0, -1e4).to(w["word"].dtype)[:, None, None]
        h = self.norm(w["word"][rows] + w["position"][:n][None] + w["type"][0], "embeddings.LayerNorm")
        for i in range(LAYERS):
            layer = f"encoder.layer.{i}."
            q, k, v = (self.linear(h, layer + "attention.self." + p).reshape(batch, n, HEADS, -1).transpose(1, 2)
                       for p in ("query", "key", "value"))
            a = ((q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-1, -2) + bias).softmax(-1) @ v
            a = self.linear(a.transpose(1, 2).reshape(batch, n, WIDTH), layer + "attention.output.dense")
            h = self.norm(h + a, layer + "attention.output.LayerNorm")
            a = self.linear(F.gelu(self.linear(h, layer + "intermediate.dense")), layer + "output.dense")
            h = self.norm(h + a, layer + "output.LayerNorm")
        return h * mask[..., None]

    def prompts(self, texts, tokens, device):
        """States of a few prompts, padded to TOKENS rows."""
        ids = [tokens.encode(t).ids[:TOKENS] for t in texts]
        table = torch.zeros(len(ids), TOKENS, dtype=torch.long)
        for row, found in zip(table, ids):
            row[:len(found)] = torch.tensor(found)
        return self(table.to(device), torch.tensor([len(i) for i in ids], device=device))


def pack(onnx_file, tokenizer_file, out: pathlib.Path, extra, captions=200_000):
    """captions: how many are planned to see which words they have"""
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(onnx_file).graph
    arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    weights = {n.name[1:-len("/MatMul")].replace("/", ".") + ".weight": arrays[n.input[1]]
               for n in graph.node if n.op_type == "MatMul" and n.input[1] in arrays}
    weights |= {k: v for k, v in arrays.items() if k.startswith(("encoder.", "embeddings.LayerNorm"))}
    tokens = tokenizer(tokenizer_file)
    art = Art.load(out / "art.json")
    planned, _ = plans(art, tokens, 99, captions)
    used = set(np.unique(planned["tokens"]).tolist()) | {UNKNOWN}
    names = {form for s in art.sprites for name in s["names"] for form in (name, plural(name) or name)}
    for text in [*extra, *names]:
        used |= set(tokens.encode(text).ids)
    rows = np.array(sorted(used), np.int32)
    weights |= {"word": arrays["embeddings.word_embeddings.weight"][rows], "position": arrays["embeddings.position_embeddings.weight"][:64],
                "type": arrays["embeddings.token_type_embeddings.weight"]}
    np.savez(out / "text.npz", rows=rows, **{k: v.astype(np.float16) for k, v in weights.items()})
    shutil.copy(tokenizer_file, out / "tokenizer.json")
    print(len(rows), "words of the vocabulary,", (out / "text.npz").stat().st_size / 1e6, "MB")


if __name__ == "__main__":
    from .prompts import TEST_PROMPTS
    pack(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), TEST_PROMPTS, *map(int, sys.argv[4:]))
