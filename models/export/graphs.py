"""The parts of a diffusion model as ONNX graphs without weights.

Weights are never made: every parameter is one number seen through a shape (strides of 0), so that the graph of a model of any size is
exported in little memory. In the graph a weight is an initializer with external data that nothing holds yet, named as in diffusers'
state dict; whoever loads the graph supplies it.
"""
import io

import onnx
import torch
from diffusers import AutoencoderKL, ControlNetModel, FluxTransformer2DModel, SD3Transformer2DModel, UNet2DConditionModel
from diffusers.models.normalization import RMSNorm
from diffusers.models.transformers import transformer_flux
from onnx import TensorProto
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

OPSET = 17
NOWHERE = "weights"
PREFIXED = ("text_model.", "text_projection.")


class UNet(torch.nn.Module):
    """What diffusers' ONNX layout calls unet; with timestep_cond where the model takes its guidance so (latent consistency), and text_embeds
    of a width and time_ids where it has them (SDXL). One that is `controlled` takes a ControlNet's residuals, of any sizes that broadcast to
    those that they are added to."""

    prefix = None

    def __init__(self, net, pooled, controlled):
        super().__init__()
        self.net = net
        self.pooled = pooled
        self.controlled = controlled
        self.added = net.config.addition_embed_type == "text_time"

    def inputs(self):
        values, axes = denoising_inputs(self.net.config, self.pooled)
        if self.controlled:
            for i, (name, channels) in enumerate(residuals(self.net.config, "down_block_additional_residuals", "mid_block_additional_residual")):
                values[name] = torch.zeros(1, channels, 1, 1)
                # symbols of its own for each: what has one symbol must be equal
                axes[name] = sides(i)
        return values, axes, {"out_sample": {0: "batch", 2: "height", 3: "width"}}

    def forward(self, sample, timestep, encoder_hidden_states, *others):
        others = list(others)
        guidance = others.pop(0) if self.net.config.time_cond_proj_dim else None
        added = {name: others.pop(0) for name in ("text_embeds", "time_ids")} if self.added else None
        down, mid = (others[:-1], others[-1]) if self.controlled else (None, None)
        return self.net(
            sample, timestep, encoder_hidden_states, timestep_cond=guidance, added_cond_kwargs=added, down_block_additional_residuals=down,
            mid_block_additional_residual=mid, return_dict=False,
        )[0]


class ControlNet(torch.nn.Module):
    """A ControlNet (Zhang et al. 2023) of a U-Net: what that takes, controlnet_cond, RGB in 0..1 of one picture for all rows or one for
    each, and conditioning_scale, to the residuals that the U-Net adds."""

    prefix = None

    def __init__(self, net, pooled):
        super().__init__()
        self.net = net
        self.pooled = pooled
        self.added = net.config.addition_embed_type == "text_time"

    def inputs(self):
        values, axes = denoising_inputs(self.net.config, self.pooled)
        scale = 2 ** (len(self.net.config.conditioning_embedding_out_channels) - 1)
        height, width = values["sample"].shape[2:]
        values["controlnet_cond"] = torch.rand(1, self.net.config.conditioning_channels, scale * height, scale * width)
        values["conditioning_scale"] = torch.tensor(0.8)
        axes["controlnet_cond"] = {0: "pictures", 2: "picture_height", 3: "picture_width"}
        names = residuals(self.net.config, "down_block_res_samples", "mid_block_res_sample")
        outputs = {name: sides(i) | {0: "batch"} for i, (name, _) in enumerate(names)}
        return values, axes, outputs

    def forward(self, sample, timestep, encoder_hidden_states, *others):
        added = dict(zip(("text_embeds", "time_ids"), others)) if self.added else None
        down, mid = self.net(
            sample, timestep, encoder_hidden_states, others[-2], conditioning_scale=others[-1], added_cond_kwargs=added, return_dict=False
        )
        return *down, mid


def denoising_inputs(config, pooled):
    side = 2 ** (len(config.down_block_types) - 1) * 2
    values = {
        "sample": torch.randn(2, config.in_channels, side, side + 8),
        "timestep": torch.tensor([500.0, 20.0]),
        "encoder_hidden_states": torch.randn(2, 77, config.cross_attention_dim),
    }
    axes = {
        "sample": {0: "batch", 2: "height", 3: "width"},
        "timestep": {0: "batch"},
        "encoder_hidden_states": {0: "batch", 1: "tokens"},
    }
    if config.get("time_cond_proj_dim"):
        values["timestep_cond"] = torch.randn(2, config.time_cond_proj_dim)
        axes["timestep_cond"] = {0: "batch"}
    if config.addition_embed_type == "text_time":
        # beside the pooled text, an embedding of each number
        numbers = (config.projection_class_embeddings_input_dim - pooled) // config.addition_time_embed_dim
        values["text_embeds"] = torch.randn(2, pooled)
        values["time_ids"] = torch.rand(2, numbers) * 100
        axes["text_embeds"] = {0: "batch"}
        axes["time_ids"] = {0: "batch"}
    return values, axes


def residuals(config, down, mid):
    """[(name, channels)] of what a U-Net's first layer and down blocks hand over to its up blocks, and of its middle."""
    widths = config.block_out_channels
    channels = [widths[0]]
    for level, width in enumerate(widths):
        # every level but the last ends in a downsampler
        channels += [width] * (config.layers_per_block + (level < len(widths) - 1))
    return [(f"{down}_{i}", width) for i, width in enumerate(channels)] + [(mid, widths[-1])]


def sides(number):
    return {0: f"residual_{number}_batch", 2: f"residual_{number}_height", 3: f"residual_{number}_width"}


class SD3Transformer(torch.nn.Module):
    """The transformer of Stable Diffusion 3 with a U-Net's inputs: text_embeds is its pooled_projections."""

    prefix = None

    def __init__(self, net):
        super().__init__()
        self.net = net

    def inputs(self):
        config = self.net.config
        values = {
            "sample": torch.randn(2, config.in_channels, 8, 12),
            "timestep": torch.tensor([500.0, 20.0]),
            "encoder_hidden_states": torch.randn(2, 9, config.joint_attention_dim),
            "text_embeds": torch.randn(2, config.pooled_projection_dim),
        }
        axes = {
            "sample": {0: "batch", 2: "height", 3: "width"},
            "timestep": {0: "batch"},
            "encoder_hidden_states": {0: "batch", 1: "tokens"},
            "text_embeds": {0: "batch"},
        }
        return values, axes, {"out_sample": {0: "batch", 2: "height", 3: "width"}}

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds):
        return self.net(sample, encoder_hidden_states, text_embeds, timestep, return_dict=False)[0]


class FluxTransformer(torch.nn.Module):
    """The transformer of FLUX.1 with a U-Net's inputs: it cuts the latents into patches itself, and knows their places. text_embeds is its
    pooled_projections; where it was distilled with guidance it is told the scale, as `guidance`."""

    prefix = None
    # pixels of the latents, in each direction
    patch = 2

    def __init__(self, net):
        super().__init__()
        self.net = net
        net.pos_embed = RotaryPlaces(net.config.axes_dims_rope)

    def inputs(self):
        config = self.net.config
        values = {
            "sample": torch.randn(2, config.in_channels // self.patch**2, 8, 12),
            "timestep": torch.tensor([500.0, 20.0]),
            "encoder_hidden_states": torch.randn(2, 9, config.joint_attention_dim),
            "text_embeds": torch.randn(2, config.pooled_projection_dim),
        }
        axes = {
            "sample": {0: "batch", 2: "height", 3: "width"},
            "timestep": {0: "batch"},
            "encoder_hidden_states": {0: "batch", 1: "tokens"},
            "text_embeds": {0: "batch"},
        }
        if config.guidance_embeds:
            values["guidance"] = torch.tensor([3.5, 1.0])
            axes["guidance"] = {0: "batch"}
        return values, axes, {"out_sample": {0: "batch", 2: "height", 3: "width"}}

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds, guidance=None):
        batch, channels, height, width = sample.shape
        rows, columns = height // self.patch, width // self.patch
        # as FluxPipeline's _pack_latents
        patches = sample.view(batch, channels, rows, self.patch, columns, self.patch).permute(0, 2, 4, 1, 3, 5)
        patches = patches.reshape(batch, rows * columns, channels * self.patch**2)
        row = torch.arange(rows, dtype=torch.float32)[:, None].expand(rows, columns)
        column = torch.arange(columns, dtype=torch.float32)[None, :].expand(rows, columns)
        places = torch.stack([torch.zeros_like(row), row, column], dim=-1).reshape(rows * columns, 3)
        out = self.net(
            hidden_states=patches, encoder_hidden_states=encoder_hidden_states, pooled_projections=text_embeds, timestep=timestep / 1000,
            img_ids=places, txt_ids=torch.zeros(encoder_hidden_states.shape[1], 3), guidance=guidance, return_dict=False,
        )[0]
        # and _unpack_latents
        out = out.view(batch, rows, columns, channels, self.patch, self.patch).permute(0, 3, 1, 4, 2, 5)
        return out.reshape(batch, channels, height, width)


class RotaryPlaces(torch.nn.Module):
    """FluxPosEmbed in fp32: ONNX Runtime has no cosine of fp64, and places are below 256."""

    def __init__(self, widths):
        super().__init__()
        self.widths = widths

    def forward(self, ids):
        angles = []
        for axis, width in enumerate(self.widths):
            frequencies = torch.tensor([10000 ** (-pair / width) for pair in range(0, width, 2)])
            angles.append(ids[:, axis : axis + 1] * frequencies[None])
        angles = torch.cat(angles, dim=-1)
        # each for a number and the one behind it
        angles = torch.stack([angles, angles], dim=-1).flatten(1)
        return angles.cos(), angles.sin()


def rotated(x, places, sequence_dim):
    """diffusers' apply_rotary_emb of [batch, tokens, heads, width], without the reshape that would keep the traced size in the graph."""
    cos, sin = (each[None, :, None, :] for each in places)
    real, imaginary = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cos + torch.stack([-imaginary, real], dim=-1).flatten(3) * sin


transformer_flux.apply_rotary_emb = rotated


class VaeDecoder(torch.nn.Module):
    """latent_sample, in the scale that the decoder was trained on, to sample in -1..1."""

    prefix = None

    def __init__(self, net):
        super().__init__()
        self.net = net

    def inputs(self):
        return (
            {"latent_sample": torch.randn(1, self.net.config.latent_channels, 4, 6)},
            {"latent_sample": {0: "batch", 2: "height", 3: "width"}},
            {"sample": {0: "batch", 2: "height", 3: "width"}},
        )

    def forward(self, latent_sample):
        return self.net.decode(latent_sample, return_dict=False)[0]


class VaeEncoder(torch.nn.Module):
    """sample in -1..1 to latent_sample, the mean of the latents, in the scale that the decoder takes."""

    prefix = None

    def __init__(self, net):
        super().__init__()
        self.net = net

    def inputs(self):
        side = 2 ** (len(self.net.config.block_out_channels) - 1) * 2
        return (
            {"sample": torch.randn(1, 3, side, side + 16)},
            {"sample": {0: "batch", 2: "height", 3: "width"}},
            {"latent_sample": {0: "batch", 2: "height", 3: "width"}},
        )

    def forward(self, sample):
        return self.net.encode(sample).latent_dist.mean


class TextEncoder(torch.nn.Module):
    """input_ids to states.K, the states that are K layers older than those the U-Net was trained on (diffusers' clip_skip=K).

    With `penultimate` those are the states before the last layer, as SDXL takes them; otherwise the last ones, behind the final norm.
    A model with a projection also gives `pooled`, and so does one that `pools`: the state of the text's end, and only states.0.
    """

    # transformers leaves the prefix out where the model is nothing else; published files have it
    prefix = "text_model."

    def __init__(self, net, penultimate, pools):
        super().__init__()
        self.net = net
        self.penultimate = penultimate
        self.projects = hasattr(net, "text_projection")
        self.pools = pools

    def inputs(self):
        ids = torch.randint(1, self.net.config.vocab_size - 1, (2, 77))
        ids[:, 40] = self.net.config.vocab_size - 1
        outputs = {f"states.{k}": {0: "batch"} for k in range(self.skips())}
        if self.projects or self.pools:
            outputs["pooled"] = {0: "batch"}
        return {"input_ids": ids}, {"input_ids": {0: "batch"}}, outputs

    def skips(self):
        if self.pools:
            return 1
        return self.net.config.num_hidden_layers - (1 if self.penultimate else 0)

    def forward(self, input_ids):
        out = self.net(input_ids, output_hidden_states=True)
        text = getattr(self.net, "text_model", self.net)
        outputs = []
        for k in range(self.skips()):
            if self.penultimate:
                outputs.append(out.hidden_states[-2 - k])
            else:
                outputs.append(text.final_layer_norm(out.hidden_states[-1 - k]))
        if self.projects:
            outputs.append(out.text_embeds)
        elif self.pools:
            outputs.append(out.pooler_output)
        return tuple(outputs)


class T5Encoder(torch.nn.Module):
    """input_ids to states. Nothing is masked: padding takes part, as in diffusers' pipelines."""

    prefix = None

    def __init__(self, net):
        super().__init__()
        self.net = net

    def inputs(self):
        ids = torch.randint(3, self.net.config.vocab_size, (2, 9))
        return {"input_ids": ids}, {"input_ids": {0: "batch", 1: "tokens"}}, {"states": {0: "batch", 1: "tokens"}}

    def forward(self, input_ids):
        return self.net(input_ids, return_dict=False)[0]


def sd3_transformer(config):
    return SD3Transformer(bare(config, SD3Transformer2DModel.from_config))


def flux_transformer(config):
    return FluxTransformer(bare(config, lambda c: _with_written_norms(FluxTransformer2DModel.from_config(c))))


def _with_written_norms(net):
    # opset 17 has no operator for them
    for name, norm in [each for each in net.named_modules() if isinstance(each[1], torch.nn.RMSNorm)]:
        parent, _, last = name.rpartition(".")
        setattr(net.get_submodule(parent), last, RMSNorm(norm.normalized_shape[0], norm.eps))
    return net


def t5_encoder(config):
    net = bare(config, lambda c: T5EncoderModel._from_config(T5Config.from_dict(c), attn_implementation="eager"))
    # one table under two names
    net.encoder.embed_tokens = net.shared
    return T5Encoder(net)


def unet(config, pooled=0, controlled=True):
    return UNet(bare(config, UNet2DConditionModel.from_config), pooled, controlled)


def controlnet(config, pooled=0):
    return ControlNet(bare(config, ControlNetModel.from_config), pooled)


def vae_decoder(config):
    return VaeDecoder(bare(config, AutoencoderKL.from_config))


def vae_encoder(config):
    return VaeEncoder(bare(config, AutoencoderKL.from_config))


def text_encoder(config, penultimate, pools=False):
    projects = "CLIPTextModelWithProjection" in config.get("architectures", [])
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    # only the written-out attention can be traced into a graph of any batch
    return TextEncoder(bare(config, lambda c: kind._from_config(CLIPTextConfig.from_dict(c), attn_implementation="eager")), penultimate, pools)


def bare(config, make):
    with torch.device("meta"):
        net = make(config).eval()
    for name, value in list(net.named_buffers()):
        if name == "pos_embed.pos_embed":
            # checkpoints have this table
            _set(net, name, torch.nn.Parameter(value, requires_grad=False))
    parameters = dict(net.named_parameters())
    for number, (name, value) in enumerate(parameters.items()):
        # numbers of their own: the exporter merges tensors that are equal
        seen = torch.full((), 0.01 + 1e-5 * number).expand(value.shape)
        _set(net, name, torch.nn.Parameter(seen, requires_grad=False))
    for name, value in list(net.named_buffers()):
        if value.is_meta:
            if not name.endswith("position_ids"):
                raise ValueError(f"the buffer {name} is not known")
            _set(net, name, torch.arange(value.shape[-1]).expand(value.shape).clone())
    return net


def _set(net, name, value):
    *path, last = name.split(".")
    for step in path:
        net = getattr(net, step)
    if isinstance(value, torch.nn.Parameter):
        net._buffers.pop(last, None)
        setattr(net, last, value)
    else:
        net.register_buffer(last, value, persistent=False)


def export(part):
    """(the graph's bytes, {initializer: shape}) of a part made by the functions above. Parameters that nothing reads are not in it."""
    values, axes, outputs = part.inputs()
    file = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            part, tuple(values.values()), file, dynamo=False, opset_version=OPSET, do_constant_folding=False, export_params=False,
            input_names=list(values), output_names=list(outputs), dynamic_axes=axes | outputs,
        )
    model = onnx.load_from_string(file.getvalue())
    parameters = {name: tuple(p.shape) for name, p in part.net.named_parameters()}
    kept, weights, names = [], {}, {}
    for given in model.graph.input:
        if given.name in values:
            kept.append(given)
        else:
            name = given.name.removeprefix("net.")
            shape = tuple(d.dim_value for d in given.type.tensor_type.shape.dim)
            if parameters.pop(name, None) != shape:
                raise ValueError(f"the graph takes {given.name} of {shape}, which is no parameter")
            given.name = name if part.prefix is None or name.startswith(PREFIXED) else part.prefix + name
            names[f"net.{name}"] = given.name
            weights[given.name] = shape
    for node in model.graph.node:
        for i, taken in enumerate(node.input):
            node.input[i] = names.get(taken, taken)
        node.ClearField("doc_string")
    del model.graph.input[:]
    for name, value in values.items():
        # what nothing reads is taken as well: callers need not know
        traced = [given for given in kept if given.name == name]
        sides = [axes[name].get(i, side) for i, side in enumerate(value.shape)] if name in axes else list(value.shape)
        model.graph.input.append(traced[0] if traced else onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, sides))
    for name, shape in weights.items():
        weight = model.graph.initializer.add()
        weight.name, weight.data_type, weight.data_location = name, TensorProto.FLOAT, TensorProto.EXTERNAL
        weight.dims.extend(shape)
        place = weight.external_data.add()
        place.key, place.value = "location", NOWHERE
    return model.SerializeToString(deterministic=True), weights
