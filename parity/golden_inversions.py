#!/usr/bin/env python3
"""Writes random textual inversions in the layouts that they come in, and what prompts with their words are to the text encoders of a
checkpoint of make_checkpoints.py.

usage: golden_inversions.py CONFIG TEMPLATE OUT-FOLDER

Files are AUTOMATIC1111's and kohya's emb_params (ink-wash) and diffusers' word of one vector (<old-map>, imported as old-map) for families
with one text encoder, and clip_l with clip_g (ink-wash) for SDXL. The vectors take the place of the word's tokens in the embedded text, as
AUTOMATIC1111 does it and textual inversion's paper says; the end of the text stays where it is, by its own id. ids in golden.safetensors are
the tokenizer's, and from 2^24 on those of vectors: first all of ink-wash, then of old-map.

Of a prompt without weights that fits into one chunk the states are held against those of diffusers, whose own loader takes the vectors. Its
pooled text is not: the ids that it gives to vectors are greater than that of the end, which CLIP looks for by the greatest id.
"""
import gzip
import json
import pathlib
import sys
import tempfile

import golden_checkpoints
import golden_prompts
import make_checkpoints
import tokenizers
import torch
import weights
from diffusers.loaders import TextualInversionLoaderMixin
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

FIRST = 1 << 24
VECTORS = {"ink-wash": 3, "old-map": 1}
FIRST_PROMPT = "a castle, ink-wash"
PROMPTS = {
    FIRST_PROMPT: [[("a castle, ", 1), ("ink-wash", 1)]],
    "(Ink-Wash:1.3) of an [old-map] inkwash": [[("ink-wash", 1.3), (" of an ", 1), ("old-map", 1 / 1.1), (" inkwash", 1)]],
    # two of its vectors would fit into the first chunk
    "word " * 73 + "ink-wash": [[("word " * 73, 1)], [("ink-wash", 1)]],
}


def main(config: pathlib.Path, template: pathlib.Path, out: pathlib.Path) -> None:
    stated = json.loads((config / "template.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "checkpoint.safetensors"
        make_checkpoints.main(template, file, "fp16")
        checkpoint = load_file(file)
    nets = [(spec, golden_checkpoints.text_encoder(checkpoint, spec, config)) for spec in stated["text_encoders"]]
    words = {word: count for word, count in VECTORS.items() if len(nets) == 1 or word == "ink-wash"}
    learnt = {word: [vectors(f"{word}.{i}", count, net) for i, (_, net) in enumerate(nets)] for word, count in words.items()}
    out.mkdir(parents=True, exist_ok=True)
    if len(nets) == 1:
        save_file({"emb_params": learnt["ink-wash"][0]}, out / "ink-wash.safetensors")
        save_file({"<old-map>": learnt["old-map"][0][0]}, out / "old-map.safetensors")
    else:
        save_file({"clip_l": learnt["ink-wash"][0], "clip_g": learnt["ink-wash"][1]}, out / "ink-wash.safetensors")
    tokenizer = tokenizers.Tokenizer.from_str(gzip.open(golden_checkpoints.TOKENIZER, "rt").read())
    start, end = tokenizer.encode("").ids
    firsts, first = {}, FIRST
    for word, count in words.items():
        firsts[word], first = first, first + count
    golden, prompts = {}, []
    with torch.no_grad():
        for prompt, chunks in PROMPTS.items():
            if any(text in VECTORS and text not in words for parts in chunks for text, _ in parts):
                continue
            rows, sizes = [], []
            for parts in chunks:
                row = [(start, 1.0)]
                for text, weight in parts:
                    if text in words:
                        row += [(firsts[text] + i, weight) for i in range(words[text])]
                    else:
                        row += [(token, weight) for token in tokenizer.encode(text, add_special_tokens=False).ids]
                rows.append([*row, (end, 1.0)])
                sizes.append(len(rows[-1]))
            number = len(prompts)
            prompts.append(prompt)
            golden[f"{number}.ids"] = torch.tensor([token for row in rows for token, _ in row])
            golden[f"{number}.weights"] = torch.tensor([weight for row in rows for _, weight in row], dtype=torch.float32)
            golden[f"{number}.chunks"] = torch.tensor(sizes)
            joined = []
            for row in rows:
                plain = [(token if token < FIRST else 0, weight) for token, weight in row]
                of_encoders = []
                for i, (spec, net) in enumerate(nets):
                    rows_learnt = torch.cat([learnt[word][i] for word in words])
                    at = {n: rows_learnt[token - FIRST] for n, (token, _) in enumerate(row) if token >= FIRST}
                    hook = table(net).register_forward_hook(lambda m, a, result, at=at: placed(result, at))
                    of_encoders.append(golden_prompts.states(net, spec, plain, "original"))
                    if hasattr(net, "text_projection") and not joined:
                        golden[f"{number}.pooled"] = net(golden_prompts.padded(spec, plain)).text_embeds
                    hook.remove()
                joined.append(torch.cat(of_encoders, -1))
            golden[f"{number}.original"] = torch.cat(joined, 1)
        theirs = torch.cat([of_diffusers(spec, net, learnt["ink-wash"][i]) for i, (spec, net) in enumerate(nets)], -1)
    if not torch.allclose(golden["0.original"], theirs, rtol=0, atol=1e-5 * theirs.abs().max().item()):
        sys.exit("diffusers computes something else")
    save_file({k: v.contiguous() for k, v in golden.items()}, out / "golden.safetensors", {"prompts": json.dumps(prompts)})


class Loader(TextualInversionLoaderMixin):
    """What the loader asks of a pipeline."""

    components = {}
    hf_device_map = None


def of_diffusers(spec: dict, net, vectors: torch.Tensor) -> torch.Tensor:
    stored = json.loads(gzip.open(golden_checkpoints.TOKENIZER, "rt").read())["model"]
    tokenizer = CLIPTokenizer(vocab=stored["vocab"], merges=[tuple(merge) for merge in stored["merges"]])
    loader = Loader()
    loader.load_textual_inversion({"emb_params": vectors}, token="ink-wash", tokenizer=tokenizer, text_encoder=net)
    ids = tokenizer(loader.maybe_convert_prompt(FIRST_PROMPT, tokenizer)).input_ids
    return golden_prompts.states(net, spec, [(token, 1.0) for token in ids], "original")


def vectors(name: str, count: int, net) -> torch.Tensor:
    width = table(net).weight.shape[1]
    return torch.from_numpy(weights.uniform(name, count * width).astype("float32").reshape(count, width))


def table(net) -> torch.nn.Module:
    return next(module for name, module in net.named_modules() if name.endswith("token_embedding"))


def placed(embedded: torch.Tensor, at: dict[int, torch.Tensor]) -> torch.Tensor:
    result = embedded.clone()
    for position, vector in at.items():
        result[0, position] = vector
    return result


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
