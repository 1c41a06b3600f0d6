#!/usr/bin/env python3
"""Writes the size and SHA-256 of a model's files into its manifest.json.

usage: manifest.py SOURCE ASSEMBLED

SOURCE is the model's folder in this repository: its manifest.json is read and written again, everything but "files" as
it was. ASSEMBLED is the same model complete, as `mvn -pl models package` puts it into target/catalogue: what "files"
lists. Without a change of the files the manifest stays the same, byte for byte, and so does the model's digest.
"""
import hashlib
import json
import pathlib
import sys

EXPLAIN_ONLY = {"manifest.json", "README.md", "LICENSE", "NOTICE"}


def main(source: pathlib.Path, assembled: pathlib.Path) -> None:
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    files = {}
    for path in sorted(p for p in assembled.rglob("*") if p.is_file()):
        name = path.relative_to(assembled).as_posix()
        if name not in EXPLAIN_ONLY:
            content = path.read_bytes()
            files[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["files"] = files
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (source / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
