"""What a picture shows: the label of the training drawing that is nearest to it in the space of the image encoder."""
import hashlib
import os

import numpy as np
import onnxruntime
import torch

SURROUNDINGS = ("white", "small on white", "a colour")  # and every kind of scene
PART = 128


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options)


def blank(n, layers=1):
    """The plans of n white pictures, whose layers are to be filled in."""
    return dict(bank=torch.full((n, layers), -1, dtype=torch.int32), place=torch.zeros(n, layers, 4), effect=torch.zeros(n, dtype=torch.int8),
                background=torch.zeros(n, dtype=torch.int8), scene=torch.zeros(n, dtype=torch.int32), colours=torch.full((n, 6), 255, dtype=torch.uint8))


def painted(canvas, rows):
    """rows: (sprite, surroundings, scene, colour) -> [B, 3, 128, 128]; scene and colour (RGB, 0..255) count where they are the surroundings"""
    plan = blank(len(rows))
    for k, (i, surroundings, scene, colour) in enumerate(rows):
        y, scale, background = {"white": (64, 1.0, 0), "small on white": (64, 0.5, 0), "a colour": (64, 0.9, 1)}.get(surroundings, (76, 0.7, 2))
        plan["bank"][k, 0] = int(i)
        plan["place"][k, 0] = torch.tensor([64.0, y, scale, 0.0])
        plan["background"][k] = background
        plan["scene"][k] = int(scene)
        if background == 1:
            plan["colours"][k] = torch.from_numpy(np.tile(colour, 2).astype(np.uint8))
    return canvas.paint(plan)


class Judge:
    """The drawings and letters in all SURROUNDINGS and in a scene of every kind, so that what surrounds a thing is no sign of what it is."""

    def __init__(self, canvas, encoder, folder, kinds=None):
        """folder keeps the references, whose features take minutes; kinds: of scenes, all unless named"""
        self.encoder, self.art = session(encoder), canvas.art
        kinds = list(self.art.scene_ranges) if kinds is None else kinds
        rows, labels, surroundings = [], [], []
        rng = np.random.default_rng(5)
        for i, s in enumerate(self.art.sprites):
            if s["kind"] != "accessory":
                for around in (*SURROUNDINGS, *kinds):
                    rows.append((i, around, rng.integers(*self.art.scene_ranges.get(around, (0, 1))), rng.integers(0, 256, 3)))
                    labels.append(s["label"])
                    surroundings.append(around)
        self.labels, self.surroundings = np.array(labels), np.array(surroundings)
        key = hashlib.sha256(encoder.read_bytes() + repr((labels, surroundings)).encode()).hexdigest()[:12]
        file = folder / f"references-{key}.npy"
        if not file.exists():
            parts = [self.features(painted(canvas, rows[i:i + PART]).numpy()) for i in range(0, len(rows), PART)]
            np.save(file.with_suffix(".tmp.npy"), np.concatenate(parts))
            os.replace(file.with_suffix(".tmp.npy"), file)
        self.reference = np.load(file)

    def features(self, pictures):
        """[B, 3, 128, 128] in -1..1 -> [B, 384] of length 1"""
        f = self.encoder.run(None, {"sample": pictures.astype(np.float32)})[0]
        return f / np.linalg.norm(f, axis=1, keepdims=True)

    def of(self, picture):
        return self.features(picture.transpose(2, 0, 1)[None] / 127.5 - 1)[0]

    def nearest(self, picture, count=5):
        """RGB uint8 [128, 128, 3] -> labels of the nearest drawings, each once."""
        similarity = self.reference @ self.of(picture)
        found = []
        for i in np.argsort(-similarity):
            label = self.labels[i]
            if label not in found:
                found.append(label)
                if len(found) == count:
                    break
        return found
