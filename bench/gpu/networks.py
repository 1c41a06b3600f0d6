"""The networks that are measured: Stable Diffusion 1.5's and SDXL's U-Net and their VAE's decoder, with random weights.

Time and memory depend on the sizes alone. Sizes are those of the published configurations; tiny=True keeps the structure and
takes an eighth of the width, to try everything out without a GPU.
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

SEED = 7


class Network:
    """How a network is made, what it is given, and what it costs.

    tflop: per row of the batch at side latents (docs/performance.md says how it was counted)
    """

    def __init__(self, name, side, tflop, rows=77, width=0, pooled=0):
        self.name, self.side, self.tflop, self.rows, self.width, self.pooled = name, side, tflop, rows, width, pooled

    def make(self, dtype, device="cpu"):
        """The PyTorch module; the same weights on every call for a device.

        Vectors are the same on all: zeros, and ones in norms. Graphs hold those, and only those.
        """
        torch.manual_seed(SEED)
        torch.set_default_dtype(dtype)
        try:
            with torch.device(device):
                module = self.build().eval().requires_grad_(False)
        finally:
            torch.set_default_dtype(torch.float32)
        for name, parameter in module.named_parameters():
            if name.endswith(".bias"):
                parameter.zero_()
        return module

    def inputs(self, batch, side=None):
        """By name, in fp32; what a graph takes in fp16 is rounded by whoever passes it."""
        side = side or self.side
        numbers = torch.Generator().manual_seed(SEED + batch)
        values = {
            "sample": torch.randn(batch, 4, side, side, generator=numbers),
            "timestep": torch.linspace(900, 100, batch),
            "encoder_hidden_states": torch.randn(batch, self.rows, self.width, generator=numbers),
        }
        if self.pooled:
            values["text_embeds"] = torch.randn(batch, self.pooled, generator=numbers)
            values["time_ids"] = torch.tensor([[8.0 * side, 8.0 * side, 0, 0, 8.0 * side, 8.0 * side]]).repeat(batch, 1)
        return values


class UNet(Network):
    def __init__(self, name, side, tflop, config, width, pooled=0):
        super().__init__(name, side, tflop, width=width, pooled=pooled)
        self.config = config

    def build(self):
        unet = UNet2DConditionModel(**self.config)
        return UNetCall(unet, bool(self.pooled))


class UNetCall(torch.nn.Module):
    """Tensors in, a tensor out, in the order of Network.inputs."""

    def __init__(self, unet, added):
        super().__init__()
        self.unet, self.added = unet, added

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds=None, time_ids=None):
        added = {"text_embeds": text_embeds, "time_ids": time_ids} if self.added else None
        return self.unet(sample, timestep, encoder_hidden_states, added_cond_kwargs=added, return_dict=False)[0]


class VaeDecoder(Network):
    def __init__(self, name, side, tflop, config):
        super().__init__(name, side, tflop)
        self.config = config

    def build(self):
        return VaeCall(AutoencoderKL(**self.config))

    def inputs(self, batch, side=None):
        side = side or self.side
        numbers = torch.Generator().manual_seed(SEED + batch)
        return {"latent_sample": torch.randn(batch, 4, side, side, generator=numbers)}


class VaeCall(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.quant, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latent_sample):
        return self.decoder(self.quant(latent_sample))


def networks(tiny=False):
    part = 8 if tiny else 1
    sd15 = dict(
        block_out_channels=tuple(c // part for c in (320, 640, 1280, 1280)),
        attention_head_dim=8 // (4 if tiny else 1),
        cross_attention_dim=768 // part,
        norm_num_groups=32 // part,
        sample_size=64,
    )
    sdxl = dict(
        block_out_channels=tuple(c // part for c in (320, 640, 1280)),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=[5, 10, 20],
        transformer_layers_per_block=[1, 2, 10],
        cross_attention_dim=2048 // part,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=1280 + 6 * 256,
        use_linear_projection=True,
        norm_num_groups=32 // part,
        sample_size=128,
    )
    vae = dict(
        block_out_channels=tuple(c // part for c in (128, 256, 512, 512)),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=32 // part,
    )
    return {
        "sd15": UNet("sd15", 64, 0.803, sd15, 768 // part),
        "sdxl": UNet("sdxl", 128, 6.76, sdxl, 2048 // part, pooled=1280),
        "vae": VaeDecoder("vae", 64, 2.52, vae),
    }
