#!/usr/bin/env python3
"""Writes odd texts and the ids that transformers' CLIPTokenizer, or T5Tokenizer, makes of them.

usage: golden_tokens.py TOKENIZER.json.gz OUT.jsonl

The tokenizer is built from the file's vocabulary and merges, or scores, alone: rules for splitting and normalizing are transformers' own.
Each line is {"of": kind, "text": ..., "ids": [...]}, with the tokens that frame a text; T5's, of the same texts in the same order, are the
ids alone.
"""
import base64
import gzip
import json
import pathlib
import random
import sys
import unicodedata

from transformers import CLIPTokenizer, T5Tokenizer

WORDS = "a red apple on the table, oil painting by an old master, 35mm photo, masterpiece, (best quality:1.2), café, naïve, 1girl".split(", ")
SPACES = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and chr(c).isspace()]
INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2061\u2066\u2069\u3164\ufe00\ufe0f\ufeff\uffa0"
BLOCKS = {
    "latin": (0x20, 0x24F), "greek and cyrillic": (0x370, 0x52F), "armenian to arabic": (0x531, 0x6FF), "indic": (0x900, 0xDFF),
    "thai to georgian": (0xE01, 0x10FF), "jamo": (0x1100, 0x11FF), "symbols": (0x2000, 0x2BFF), "cjk": (0x3000, 0x9FFF),
    "hangul": (0xAC00, 0xD7A3), "forms": (0xF900, 0xFFFD), "letters of mathematics": (0x1D400, 0x1D7FF), "emoji": (0x1F300, 0x1FAFF),
    "everything": (0x1, 0x10FFFF),
}


def corpus() -> list[tuple[str, str]]:
    texts = [("words", text) for text in ["", " ", *WORDS, ", ".join(WORDS)]]
    texts += [("english", text) for text in [
        "it's we're they've I'm you'll he'd can't IT'S 'tis rock'n'roll", "it’s ‘quoted’ “text”", "a.b.c...d!?!?", "1234567890 3.14 1,000,000 1e-5",
        "e-mail@example.com https://example.com/a?b=c&d=%20#e", "snake_case __dunder__ CamelCase kebab-case", "C++ C# #hashtag @name $5 50% ^_^ :-)",
        "\\ / | ~ ` { } [ ] ( ) < > = + - * &", "----====____....", "A" * 30 + " " + "b" * 30, "don''t  'S 's'S 'LL'll",
    ]]
    texts += [("emoji", text) for text in [
        "🍎", "🍎🍏🍐", "a🍎b", "an 🍎 apple", "👩‍👩‍👧‍👦 family", "👍🏽 👍🏿", "🏳️‍🌈 🏴‍☠️", "🇩🇪🇫🇷🇯🇵", "1️⃣ #️⃣ *️⃣", "☺ ☺️ ☺︎", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "🧑🏻‍❤️‍💋‍🧑🏿", "🍎" * 100, "(◕‿◕✿) ¯\\_(ツ)_/¯ ʕ•ᴥ•ʔ",
    ]]
    marks = ["café", "Ångström", "ñandú", "İstanbul", "Việt Nam", "한국어", "हिन्दी में", "ภาษาไทย", "العَرَبِيَّة", "עִבְרִית", "ゔがぎ", "ﬁ ﬂ ﬃ ǆ ĳ", "q̣̇ ạ̈"]
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        texts += [(f"marks in {form}", unicodedata.normalize(form, text)) for text in marks]
    texts += [("marks", text) for text in ["z" + "\u0351\u0321\u0489" * 40 + "algo", "\u0301", " \u0301a", "a\u0301\u0301\u0301", "\u0301" * 50, "e\u200d\u0301"]]
    texts += [("long words", text) for text in [
        "a" * 500, "ab" * 400, "0" * 300, "1234567890" * 60, "x" * 5000, "antidisestablishmentarianism" * 20, "水" * 300, "é" * 300, "ß" * 100,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "!" * 300, "_" * 300, "a-" * 200, "'" * 99, ("word" * 9 + " ") * 30,
    ]]
    texts += [("control characters", f"a{chr(c)}b {chr(c)} c") for c in [*range(0x20), *range(0x7F, 0xA0)]]
    texts += [("whitespace", f"{space}a{space}b{space * 3}c {space}d{space}") for space in SPACES]
    texts += [("whitespace", "".join(SPACES)), ("whitespace", "a\r\nb\n\n\nc\td \t e")]
    texts += [("invisible", f"a{c}b {c} {c * 3}c") for c in INVISIBLE]
    texts += [("scripts", text) for text in [
        "red 红色 красный أحمر अ लाल ", "日本語のprompt、大きな猫。", "ΣΊΣΥΦΟΣ ς σ", "ԱԲԳ աբգ", "Ⅷ ⅷ ① ½ ² ₂", "Ｆｕｌｌ ｗｉｄｔｈ １２３", "𝕳𝖊𝖑𝖑𝖔 𝐇𝐞𝐥𝐥𝐨 𝟙𝟚", "K Å Ω", "STRASSE straße ẞ", "ǅ ǈ ǋ",
        "ᏣᎳᎩ ꮳꮃꭹ", "ᲓᲐ და", "𐐀𐐨 𞤀𞤢", "l’été à l'œuvre", "¿Qué? ¡Sí!", "a。b、c！d？", "中文English混ぜる한글",
    ]]
    texts += [("entities", text) for text in ["&amp; &lt;b&gt; &quot;x&quot; &#39; &#x27; &nbsp;", "&amp;amp; &amp;lt;", "<b>bold</b> <!-- no --> </br>", "&notanentity; & &;"]]
    texts += [("tokens of its own", text) for text in [
        "<|endoftext|>", "<|startoftext|> a <|endoftext|> b", "a<|endoftext|>b", "<|ENDOFTEXT|>", "<|endoftext|", "<| endoftext |>", "</w> a</w>", "Ġa Ċ ▁b", "[CLS] [SEP] [PAD] <pad> <unk> <s>",
    ]]
    # what UTF-8 was read as another encoding
    texts += [("mojibake", text) for text in ["cafÃ© â€œquotesâ€\u009d", "ÐºÑ€Ð°Ñ\u0081", "\ufffd\ufffd a\ufffdb"]]
    draws = random.Random(20261127)
    for name, (first, last) in BLOCKS.items():
        for _ in range(12):
            text = "".join(draws.choice([" ", letter(draws, first, last), letter(draws, first, last), letter(draws, first, last)]) for _ in range(draws.randrange(1, 40)))
            texts.append((f"random {name}", text))
    mixed = [text for _, text in texts if 0 < len(text) < 40]
    texts += [("mixed", "".join(draws.choice(mixed) + draws.choice(["", " ", ", ", "\n"]) for _ in range(6))) for _ in range(40)]
    return list(dict.fromkeys(texts))


def letter(draws: random.Random, first: int, last: int) -> str:
    # surrogates are no characters; of those that are not assigned, versions of Unicode differ
    while True:
        c = chr(draws.randint(first, last))
        if unicodedata.category(c) not in ("Cs", "Cn", "Co"):
            return c


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    file = json.loads(gzip.open(source, "rt", encoding="utf-8").read())
    is_clip = file["model"]["type"] == "BPE"
    tokenizer = clip(file["model"]) if is_clip else t5(file)
    with out.open("w", encoding="ascii", newline="\n") as lines:
        for kind, text in corpus():
            ids = tokenizer(text, truncation=False, padding=False)["input_ids"]
            lines.write(json.dumps({"of": kind, "text": text, "ids": ids} if is_clip else ids) + "\n")


def clip(model: dict) -> CLIPTokenizer:
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    return CLIPTokenizer(vocab=model["vocab"], merges=merges)


def t5(file: dict) -> T5Tokenizer:
    scores = [tuple(piece) for piece in file["model"]["vocab"]]
    return T5Tokenizer(vocab=scores, _spm_precompiled_charsmap=base64.b64decode(file["normalizer"]["precompiled_charsmap"]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
