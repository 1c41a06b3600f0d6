#!/usr/bin/env python3
"""Writes CLIP's tokenizer as a tokenizer.json from the vocabulary that open_clip ships.

usage: tokenizer.py BPE_SIMPLE_VOCAB OUT

BPE_SIMPLE_VOCAB is open_clip/bpe_simple_vocab_16e6.txt.gz of the PyPI wheel open-clip-torch 3.2.0 (MIT, as OpenAI published it with CLIP).
Rules for splitting and normalizing are those of transformers' CLIPTokenizer, which diffusers uses.
"""
import gzip
import json
import pathlib
import sys

from transformers import CLIPTokenizer

MERGES = 49152 - 256 - 2


def main(source: str, out: pathlib.Path) -> None:
    lines = gzip.open(source, "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : MERGES + 1]]
    letters = list(byte_letters().values())
    words = letters + [letter + "</w>" for letter in letters] + ["".join(merge) for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    made = CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=merges)
    text = json.loads(made.backend_tokenizer.to_str())
    out.write_bytes(gzip.compress(json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0))


def byte_letters() -> dict[int, str]:
    """How GPT-2 writes bytes as letters, in CLIP's order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(plain))
    return letters


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
