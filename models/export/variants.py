"""Configurations that say only what is different from another one: template.json names that as "base", and every other JSON file is laid
over the base's file of the same name."""
import json
import pathlib


def complete(config: pathlib.Path, out: pathlib.Path) -> pathlib.Path:
    """OUT with the whole configuration, as diffusers reads it."""
    stated = read(config / "template.json")
    if "base" in stated:
        complete(config.parent / stated["base"], out)
    for file in sorted(config.rglob("*.json")):
        made = out / file.relative_to(config)
        made.parent.mkdir(parents=True, exist_ok=True)
        under = read(made) if made.exists() else {}
        made.write_text(json.dumps(under | read(file), indent=2) + "\n", encoding="utf-8", newline="\n")
    return out


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
