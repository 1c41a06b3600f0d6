"""Draws with the exported ONNX files, as the services do."""
import hashlib

import numpy as np

from .judge import session


def rgb(picture):
    """[3, H, W] in -1..1 -> RGB uint8 [H, W, 3]"""
    return ((picture.transpose(1, 2, 0) + 1) * 127.5).round().clip(0, 255).astype(np.uint8)


class Model:
    """DDIM with trailing timesteps and classifier-free guidance, over the files of a model folder."""

    def __init__(self, folder, shared, text_encoder, tokens, control=None):
        self.unet = session(folder / "unet/model.onnx")
        self.key = hashlib.sha256((folder / "unet/model.onnx").read_bytes()).hexdigest()
        if control:
            self.control, self.controlled = session(control / "model.onnx"), session(folder / "unet/controlled.onnx")
        self.encoder, self.decoder = (session(shared / part / "model.onnx") for part in ("vae_encoder", "vae_decoder"))
        if (shared / "image_prompt/model.onnx").exists():
            self.seeing, self.seen = session(shared / "image_encoder/model.onnx"), session(shared / "image_prompt/model.onnx")
        self.text, self.tokens = session(text_encoder), tokens
        self.alpha = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))]).astype(np.float32)

    def encode(self, prompt):
        ids = np.array([self.tokens.encode(prompt).ids[:32]], np.int64)
        return self.text.run(["output_0"], {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0]

    def see(self, picture):
        """[1, 3, 128, 128] in -1..1 -> what stands for it in the place of a text [1, rows, 384]"""
        return self.seen.run(None, {"features": self.seeing.run(None, {"sample": picture})[0]})[0]

    def meaning(self, prompt):
        """The mean of the states of the prompt's tokens, [384] of length 1: what the image encoder's features are compared with."""
        mean = self.encode(prompt)[0].mean(0)
        return mean / np.linalg.norm(mean)

    def predict(self, feed, hint):
        if hint is None:
            return self.unet.run(None, feed)[0]
        seen = {"controlnet_cond": hint.repeat(len(feed["sample"]), 0), "conditioning_scale": np.array(1, np.float32)}
        residuals = zip((o.name for o in self.control.get_outputs()), self.control.run(None, feed | seen))
        return self.controlled.run(None, feed | {n.replace("res_sample", "additional_residual"): r for n, r in residuals})[0]

    def draw(self, prompt, seed, steps, guidance, hint=None):
        """prompt: a text, or what see() gives for a picture; hint: what the ControlNet sees, [1, 3, 128, 128] in 0..1 -> RGB uint8 [128, 128, 3]"""
        on, off = self.encode(prompt) if isinstance(prompt, str) else prompt, self.encode("")
        text = on if guidance <= 1 else np.concatenate([np.pad(off, ((0, 0), (0, on.shape[1] - off.shape[1]), (0, 0))), on])
        x = np.random.default_rng(seed).standard_normal((1, 4, 16, 16)).astype(np.float32)
        times = [round(1000 - i * 1000 / steps) - 1 for i in range(steps)]
        for t, to in zip(times, times[1:] + [-1]):
            v = self.predict({"sample": x.repeat(len(text), 0), "timestep": np.array([t]), "encoder_hidden_states": text}, hint)
            v = v if guidance <= 1 else v[:1] + guidance * (v[1:] - v[:1])
            a, s = self.alpha[t + 1] ** 0.5, (1 - self.alpha[t + 1]) ** 0.5
            x0 = (a * x - s * v).clip(-5, 5)
            x = self.alpha[to + 1] ** 0.5 * x0 + (1 - self.alpha[to + 1]) ** 0.5 * (x - a * x0) / s
        return rgb(self.decoder.run(None, {"latent_sample": x.astype(np.float32)})[0][0])

    def through_autoencoder(self, pictures):
        """[B, 3, H, W] in -1..1, encoded and decoded"""
        return self.decoder.run(None, {"latent_sample": self.encoder.run(None, {"sample": pictures})[0]})[0]
