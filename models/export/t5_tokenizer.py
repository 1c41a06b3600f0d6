#!/usr/bin/env python3
"""Writes T5's tokenizer as a tokenizer.json from its SentencePiece model.

usage: t5_tokenizer.py SPIECE.model OUT

SPIECE.model is the unigram model that Google published with T5 and T5 v1.1 (Apache-2.0), which the PyPI wheel diffsynth 1.1.7 ships as
diffsynth/tokenizer_configs/stable_diffusion_3/tokenizer_3/spiece.model. Rules for splitting and normalizing are those of transformers'
T5Tokenizer, which diffusers uses.
"""
import gzip
import json
import pathlib
import sys

from sentencepiece import sentencepiece_model_pb2
from transformers import T5Tokenizer

EXTRA = 100


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    model = sentencepiece_model_pb2.ModelProto.FromString(source.read_bytes())
    vocabulary = [(piece.piece, piece.score) for piece in model.pieces]
    vocabulary += [(f"<extra_id_{number}>", 0.0) for number in reversed(range(EXTRA))]
    made = T5Tokenizer(vocab=vocabulary, _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap, extra_ids=EXTRA)
    text = json.loads(made.backend_tokenizer.to_str())
    out.write_bytes(gzip.compress(json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
