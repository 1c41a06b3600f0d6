#!/usr/bin/env python3
"""Writes what weighted prompts are to the text encoders of a checkpoint of make_checkpoints.py: token ids, weights, states.

usage: golden_prompts.py CONFIG TEMPLATE OUT.safetensors

Prompts are read by hand here, as AUTOMATIC1111's documentation and sources say: each is written beside the chunks that it must become, with
the text and weight of each part. States are transformers' own, multiplied by the weights (no_norm), then brought back to the mean of their
chunk (original), as modules/sd_emphasis.py there does.
"""
import gzip
import json
import pathlib
import sys
import tempfile

import golden_checkpoints
import make_checkpoints
import tokenizers
import torch
from safetensors.torch import load_file, save_file

PHRASE = "a photograph of an astronaut riding a horse"
# eight phrases with their commas are 72 tokens; of the ninth three would fit, so all that follows the last comma moves
PROMPTS = {
    "a red apple": [[("a red apple", 1)]],
    "a (photograph:1.3) of an [astronaut] ((riding)) a \\(horse\\)": [
        [("a ", 1), ("photograph", 1.3), (" of an ", 1), ("astronaut", 1 / 1.1), (" ", 1), ("riding", 1.21), (" a (horse)", 1)]
    ],
    "a castle BREAK (blue sky:0.5), clouds": [[("a castle", 1)], [("blue sky", 0.5), (", clouds", 1)]],
    f"{', '.join([PHRASE] * 8)}, (big {PHRASE}:1.2)": [[(", ".join([PHRASE] * 8) + ", ", 1)], [(f"big {PHRASE}", 1.2)]],
    "word " * 80: [[("word " * 75, 1)], [("word " * 5, 1)]],
    "(a:-0.5) (b:0)": [[("a", -0.5), (" ", 1), ("b", 0)]],
}


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    stated = json.loads((config / "template.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        checkpoint = load_file(file)
    nets = [(spec, golden_checkpoints.text_encoder(checkpoint, spec, config)) for spec in stated["text_encoders"]]
    tokenizer = tokenizers.Tokenizer.from_str(gzip.open(golden_checkpoints.TOKENIZER, "rt").read())
    start, end = tokenizer.encode("").ids
    golden = {}
    with torch.no_grad():
        for number, chunks in enumerate(PROMPTS.values()):
            rows, sizes = [], []
            for parts in chunks:
                ids = [(token, weight) for text, weight in parts for token in tokenizer.encode(text, add_special_tokens=False).ids]
                rows.append([(start, 1.0), *ids, (end, 1.0)])
                sizes.append(len(rows[-1]))
            golden[f"{number}.ids"] = torch.tensor([token for row in rows for token, _ in row])
            golden[f"{number}.weights"] = torch.tensor([weight for row in rows for _, weight in row], dtype=torch.float32)
            golden[f"{number}.chunks"] = torch.tensor(sizes)
            for mode in ("original", "no_norm"):
                golden[f"{number}.{mode}"] = torch.cat([torch.cat([states(net, spec, row, mode) for spec, net in nets], -1) for row in rows], 1)
            for spec, net in nets:
                if hasattr(net, "text_projection"):
                    golden[f"{number}.pooled"] = net(padded(spec, rows[0])).text_embeds
    save_file({k: v.contiguous() for k, v in golden.items()}, out, {"prompts": json.dumps(list(PROMPTS))})


def padded(spec, row):
    return torch.tensor([[token for token, _ in row] + [spec["pad_id"]] * (77 - len(row))])


def states(net, spec, row, mode):
    result = net(padded(spec, row), output_hidden_states=True)
    plain = result.hidden_states[-2] if spec["penultimate"] else result.last_hidden_state
    weights = torch.tensor([weight for _, weight in row] + [1.0] * (77 - len(row)))
    weighted = plain * weights.reshape(1, 77, 1)
    return weighted * (plain.mean() / weighted.mean()) if mode == "original" else weighted


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
