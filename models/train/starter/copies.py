"""Whether a picture is a training drawing again: the drawing is laid over it, in its size and place, and compared."""
import numpy as np
from PIL import Image


def bounds(picture):
    """(left, top, right, bottom) of what is not white in RGB uint8 [H, W, 3], or None"""
    ink = (picture < 240).any(2)
    if not ink.any():
        return None
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


class Drawings:
    """Every training drawing on white, in all its colours, cut to its bounds."""

    def __init__(self, canvas):
        sprites, self.of = canvas.art.sprites, {}
        origins = list(range(len(sprites))) + [i for i, _ in canvas.art.variants]
        for stored, i in zip(canvas.bank.cpu().numpy(), origins):
            if sprites[i]["kind"] == "drawing":
                rgba = stored.astype(np.int16)
                picture = np.clip(rgba[:3] + 255 - rgba[3:], 0, 255).astype(np.uint8).transpose(1, 2, 0)  # premultiplied
                box = bounds(picture)
                if box:
                    self.of.setdefault(sprites[i]["label"], []).append(Image.fromarray(picture).crop(box))

    def nearest(self, picture, label):
        """-> PSNR within the bounds of what was drawn, in dB, and the drawing laid there"""
        box = bounds(picture)
        if box is None:
            return 0.0, picture
        left, top, right, bottom = box
        drawn, best = picture[top:bottom, left:right].astype(np.float32), (0.0, picture)
        for drawing in self.of[label]:
            laid = np.asarray(drawing.resize((right - left, bottom - top), Image.LANCZOS))
            psnr = 10 * np.log10(255**2 / max(1e-3, ((laid - drawn) ** 2).mean()))
            if psnr > best[0]:
                whole = np.full_like(picture, 255)
                whole[top:bottom, left:right] = laid
                best = (float(psnr), whole)
        return best
