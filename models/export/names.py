"""Where a single file in the original Stable Diffusion layout keeps each parameter that diffusers names.

A source is {"tensor": name} and, where it is a part of the tensor, "rows": [from, to] (of three times as many, or so many as "of" says), or "transposed": true, or "swapped": true where the
upper half of its rows is the lower one; {"identity": true} is no tensor but the identity. Written after the layouts of CompVis/latent-diffusion, Stability-AI/generative-models,
Stability-AI/sd3.5, black-forest-labs/flux, lllyasviel/ControlNet and mlfoundations/open_clip; parity holds it against diffusers' own conversion.
"""
import re

UNET = "model.diffusion_model."
VAE = "first_stage_model."
CONTROL = "control_model."

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
TOP = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0", "conv_out": "out.2", "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
# diffusers before 0.17
VAE_ATTENTION_ONCE = {"group_norm": "group_norm", "to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
OPEN_CLIP_LAYER = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj"}


SD3_TOP = {
    "pos_embed.proj": "x_embedder.proj", "context_embedder": "context_embedder", "proj_out": "final_layer.linear",
    "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
    "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0", "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
}
SD3_BLOCK = {
    "attn.norm_q": "x_block.attn.ln_q", "attn.norm_k": "x_block.attn.ln_k", "attn.to_out.0": "x_block.attn.proj",
    "attn.norm_added_q": "context_block.attn.ln_q", "attn.norm_added_k": "context_block.attn.ln_k",
    "attn.to_add_out": "context_block.attn.proj",
    "attn2.norm_q": "x_block.attn2.ln_q", "attn2.norm_k": "x_block.attn2.ln_k", "attn2.to_out.0": "x_block.attn2.proj",
    "norm1.linear": "x_block.adaLN_modulation.1", "norm1_context.linear": "context_block.adaLN_modulation.1",
    "ff.net.0.proj": "x_block.mlp.fc1", "ff.net.2": "x_block.mlp.fc2",
    "ff_context.net.0.proj": "context_block.mlp.fc1", "ff_context.net.2": "context_block.mlp.fc2",
}
SD3_QKV = {
    "attn.to_q": ("x_block.attn", 0), "attn.to_k": ("x_block.attn", 1), "attn.to_v": ("x_block.attn", 2),
    "attn.add_q_proj": ("context_block.attn", 0), "attn.add_k_proj": ("context_block.attn", 1), "attn.add_v_proj": ("context_block.attn", 2),
    "attn2.to_q": ("x_block.attn2", 0), "attn2.to_k": ("x_block.attn2", 1), "attn2.to_v": ("x_block.attn2", 2),
}


def sd3(name, config):
    """The sources of a parameter of Stable Diffusion 3's transformer: inside a checkpoint, and in a file without anything else."""
    return [source | {"tensor": prefix + source["tensor"]} for prefix in (UNET, "") for source in _sd3(name, config)]


def _sd3(name, config):
    if name == "pos_embed.pos_embed":
        return _one("pos_embed")
    stem, kind = name.rsplit(".", 1)
    if stem in SD3_TOP:
        return _one(f"{SD3_TOP[stem]}.{kind}")
    if stem == "norm_out.linear":
        # shift before scale there
        return [{"tensor": f"final_layer.adaLN_modulation.1.{kind}", "swapped": True}]
    found = re.fullmatch(r"transformer_blocks\.(\d+)\.(.+)", stem)
    block, rest = int(found[1]), found[2]
    if rest in SD3_QKV:
        attention, part = SD3_QKV[rest]
        width = config["num_attention_heads"] * config["attention_head_dim"]
        return [{"tensor": f"joint_blocks.{block}.{attention}.qkv.{kind}", "rows": [part * width, (part + 1) * width]}]
    source = {"tensor": f"joint_blocks.{block}.{SD3_BLOCK[rest]}.{kind}"}
    if rest == "norm1_context.linear" and block == config["num_layers"] - 1:
        source["swapped"] = True
    return [source]


FLUX_TOP = {
    "x_embedder": "img_in", "context_embedder": "txt_in", "proj_out": "final_layer.linear",
    "time_text_embed.timestep_embedder.linear_1": "time_in.in_layer", "time_text_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "time_text_embed.text_embedder.linear_1": "vector_in.in_layer", "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
    "time_text_embed.guidance_embedder.linear_1": "guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_2": "guidance_in.out_layer",
}
FLUX_DOUBLE = {
    "norm1.linear": "img_mod.lin", "norm1_context.linear": "txt_mod.lin", "attn.to_out.0": "img_attn.proj", "attn.to_add_out": "txt_attn.proj",
    "ff.net.0.proj": "img_mlp.0", "ff.net.2": "img_mlp.2", "ff_context.net.0.proj": "txt_mlp.0", "ff_context.net.2": "txt_mlp.2",
}
FLUX_DOUBLE_NORM = {
    "attn.norm_q": "img_attn.norm.query_norm", "attn.norm_k": "img_attn.norm.key_norm",
    "attn.norm_added_q": "txt_attn.norm.query_norm", "attn.norm_added_k": "txt_attn.norm.key_norm",
}
FLUX_DOUBLE_QKV = {
    "attn.to_q": ("img_attn", 0), "attn.to_k": ("img_attn", 1), "attn.to_v": ("img_attn", 2),
    "attn.add_q_proj": ("txt_attn", 0), "attn.add_k_proj": ("txt_attn", 1), "attn.add_v_proj": ("txt_attn", 2),
}
FLUX_SINGLE = {"norm.linear": "modulation.lin", "proj_out": "linear2"}
FLUX_SINGLE_NORM = {"attn.norm_q": "norm.query_norm", "attn.norm_k": "norm.key_norm"}
# of linear1, in widths
FLUX_SINGLE_ROWS = {"attn.to_q": (0, 1), "attn.to_k": (1, 2), "attn.to_v": (2, 3), "proj_mlp": (3, 7)}


def flux(name, config):
    """The sources of a parameter of FLUX.1's transformer: inside a checkpoint, and in a file without anything else."""
    source = _flux(name, config["num_attention_heads"] * config["attention_head_dim"])
    return [source | {"tensor": prefix + source["tensor"]} for prefix in (UNET, "")]


def _flux(name, width):
    stem, kind = name.rsplit(".", 1)
    if stem in FLUX_TOP:
        return {"tensor": f"{FLUX_TOP[stem]}.{kind}"}
    if stem == "norm_out.linear":
        # shift before scale there
        return {"tensor": f"final_layer.adaLN_modulation.1.{kind}", "swapped": True}
    found = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.(.+)", stem)
    block, rest = int(found[2]), found[3]
    if found[1]:
        if rest in FLUX_SINGLE_NORM:
            return {"tensor": f"single_blocks.{block}.{FLUX_SINGLE_NORM[rest]}.scale"}
        if rest in FLUX_SINGLE_ROWS:
            first, last = FLUX_SINGLE_ROWS[rest]
            return {"tensor": f"single_blocks.{block}.linear1.{kind}", "rows": [first * width, last * width], "of": 7 * width}
        return {"tensor": f"single_blocks.{block}.{FLUX_SINGLE[rest]}.{kind}"}
    if rest in FLUX_DOUBLE_NORM:
        return {"tensor": f"double_blocks.{block}.{FLUX_DOUBLE_NORM[rest]}.scale"}
    if rest in FLUX_DOUBLE_QKV:
        attention, part = FLUX_DOUBLE_QKV[rest]
        return {"tensor": f"double_blocks.{block}.{attention}.qkv.{kind}", "rows": [part * width, (part + 1) * width]}
    return {"tensor": f"double_blocks.{block}.{FLUX_DOUBLE[rest]}.{kind}"}


def t5(name, prefix):
    """The sources of a parameter of T5's encoder, which everybody keeps as transformers has it."""
    names = [name, "encoder.embed_tokens.weight"] if name == "shared.weight" else [name]
    return [{"tensor": prefix + each} for each in names] + [{"tensor": each} for each in names[1:]]


def controlnet(name, config):
    """The sources of a ControlNet's parameter: in a file that may have the model it was trained with, and in one without anything else."""
    return [source for prefix in (CONTROL, "") for source in _controlnet(name, config, prefix)]


def _controlnet(name, config, prefix):
    stem, kind = name.rsplit(".", 1)
    if stem == "controlnet_mid_block":
        return _one(f"{prefix}middle_block_out.0.{kind}")
    found = re.fullmatch(r"controlnet_down_blocks\.(\d+)", stem)
    if found:
        return _one(f"{prefix}zero_convs.{found[1]}.0.{kind}")
    found = re.fullmatch(r"controlnet_cond_embedding\.(?:(conv_in)|(conv_out)|blocks\.(\d+))", stem)
    if found:
        # an activation behind each but the last
        blocks = 2 * (len(config["conditioning_embedding_out_channels"]) - 1)
        layer = 0 if found[1] else 2 * (blocks + 1) if found[2] else 2 * (int(found[3]) + 1)
        return _one(f"{prefix}input_hint_block.{layer}.{kind}")
    return unet(name, config, prefix)


def unet(name, config, prefix=UNET):
    """The sources of a U-Net's parameter, the preferred first."""
    stem, kind = name.rsplit(".", 1)
    layers = config["layers_per_block"]
    if stem == "time_embedding.cond_proj":
        # came after that layout: by its rules, and as diffusers' converter to it leaves the name
        return _one(f"{prefix}time_embed.cond_proj.{kind}") + _one(f"{prefix}{name}")
    if stem in TOP:
        return _one(f"{prefix}{TOP[stem]}.{kind}")
    found = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)", stem)
    if found:
        side, level, what, number, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
        if side == "down":
            block = 1 + level * (layers + 1) + (layers if what == "downsamplers" else number)
            blocks = "input_blocks"
        else:
            block = level * (layers + 1) + (layers if what == "upsamplers" else number)
            blocks = "output_blocks"
        if what == "resnets":
            inner = f"0.{RESNET[rest]}"
        elif what == "attentions":
            inner = f"1.{rest}"
        elif what == "downsamplers":
            inner = "0.op"
        else:
            inner = ("2" if "CrossAttn" in config["up_block_types"][level] else "1") + ".conv"
        return _one(f"{prefix}{blocks}.{block}.{inner}.{kind}")
    found = re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", stem)
    if found[1] == "resnets":
        return _one(f"{prefix}middle_block.{2 * int(found[2])}.{RESNET[found[3]]}.{kind}")
    return _one(f"{prefix}middle_block.1.{found[3]}.{kind}")


def vae(name, config, prefixes):
    """The sources of an autoencoder's parameter: inside a checkpoint, in a file of its own, and by diffusers' older names."""
    stem, kind = name.rsplit(".", 1)
    sources = []
    attention = re.fullmatch(r"((?:en|de)coder\.mid_block\.attentions\.0\.)(.+)", stem)
    if attention:
        original = attention[1].replace("mid_block.attentions.0", "mid.attn_1") + VAE_ATTENTION[attention[2]]
        sources = _one(f"{attention[1]}{VAE_ATTENTION_ONCE[attention[2]]}.{kind}")
    else:
        levels = len(config["block_out_channels"])
        original = re.sub(r"down_blocks\.(\d+)\.resnets\.(\d+)", r"down.\1.block.\2", stem)
        original = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", original)
        original = re.sub(r"up_blocks\.(\d+)\.resnets\.(\d+)", lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", original)
        original = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", original)
        original = re.sub(r"mid_block\.resnets\.(\d+)", lambda m: f"mid.block_{int(m[1]) + 1}", original)
        original = original.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    return [{"tensor": f"{prefix}{original}.{kind}"} for prefix in prefixes] + _one(f"{original}.{kind}") + sources


def clip(name, prefix, projects=True):
    """The sources of a parameter of a text encoder that is kept as transformers has it.

    One that does not project in its original has a projection that changes nothing, whatever its file has.
    """
    bare = name.removeprefix("text_model.")
    if name == "text_projection.weight" and not projects:
        return [{"identity": True}]
    # some checkpoints, and transformers 5, leave text_model out
    return _one(f"{prefix}transformer.{name}") + _one(f"{prefix}transformer.{bare}") + _one(bare)


def open_clip(name, prefix, width):
    """The sources of a parameter of a text encoder that is kept as OpenCLIP has it."""
    bare = name.removeprefix("text_model.")
    stem, kind = bare.rsplit(".", 1)
    layer = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)", stem)
    own = _one(bare) if bare != name else []
    if bare == "text_projection.weight":
        return [{"tensor": f"{prefix}model.text_projection", "transposed": True}] + own
    if layer and layer[2] in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"):
        row = "qkv".index(layer[2][10]) * width
        tensor = f"{prefix}model.transformer.resblocks.{layer[1]}.attn.in_proj_{kind}"
        return [{"tensor": tensor, "rows": [row, row + width]}] + own
    if layer:
        return _one(f"{prefix}model.transformer.resblocks.{layer[1]}.{OPEN_CLIP_LAYER[layer[2]]}.{kind}") + own
    known = {
        "embeddings.token_embedding.weight": "token_embedding.weight", "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm.weight": "ln_final.weight", "final_layer_norm.bias": "ln_final.bias",
    }
    return _one(f"{prefix}model.{known[bare]}") + own


def _one(tensor):
    return [{"tensor": tensor}]
