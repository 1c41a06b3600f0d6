package dev.latentline.inference.checkpoint;

import dev.latentline.inference.safetensors.StoredTensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Kinds of checkpoints that are known and not imported, by what gives them away. */
enum OtherKind {
  TEXTUAL_INVERSION(
      "a textual inversion, which adds a word to a model and is none",
      names -> any(names, "emb_params|string_to_param.*|clip_[lg]")),
  T2I_ADAPTER(
      "a T2I-Adapter; " + OtherKind.OF_CONTROL_NETS,
      names -> any(names, "(adapter\\.)?body\\.\\d+\\.(resnets\\.\\d+\\.)?block1\\..*")),
  CONTROL_NET_LLLITE(
      "a ControlNet-LLLite; " + OtherKind.OF_CONTROL_NETS, names -> any(names, "lllite_.*")),
  CONTROL_NET_OF_TRANSFORMER(
      "a ControlNet of a transformer (Stable Diffusion 3, FLUX.1); " + OtherKind.OF_CONTROL_NETS,
      names ->
          any(names, "controlnet_(blocks|single_blocks|x_embedder|mode_embedder)\\..*")
              || any(names, ".*input_hint_block\\..*") && any(names, ".*double_blocks\\..*")),
  CONTROL_NET(
      "a ControlNet of a kind that is not known here; " + OtherKind.OF_CONTROL_NETS,
      names ->
          any(
              names,
              "control_model\\..*|controlnet_.*|.*input_hint_block\\..*"
                  + "|(.*\\.)?(base_to_ctrl|ctrl_to_base)(\\..*|_.*)")),
  FLUX(
      "a Flux of other layers, widths or depths than there are graph templates for;"
          + " models/export makes one",
      names -> any(names, ".*double_blocks\\.\\d+\\..*|.*single_transformer_blocks\\..*")),
  STABLE_DIFFUSION_3(
      "a Stable Diffusion 3 of other widths or depths than there are graph templates for;"
          + " models/export makes one",
      names -> any(names, ".*joint_blocks\\.\\d+\\..*|pos_embed\\.proj\\..*")),
  COMPACT_UPSCALER(
      "an upscaler of the architecture SRVGGNetCompact (realesr-general, animevideo); "
          + OtherKind.OF_UPSCALERS,
      names ->
          any(names, OtherKind.UPSCALER_PREFIX + "body\\.1\\.weight")
              && any(names, OtherKind.UPSCALER_PREFIX + "body\\.0\\.weight")),
  HAT_UPSCALER(
      "an upscaler of the architecture HAT; " + OtherKind.OF_UPSCALERS,
      names ->
          any(
              names,
              OtherKind.UPSCALER_PREFIX + "layers\\.0\\.residual_group\\.overlap_attn\\..*")),
  SWIN_UPSCALER(
      "an upscaler of the architecture SwinIR or Swin2SR; " + OtherKind.OF_UPSCALERS,
      names ->
          any(names, OtherKind.UPSCALER_PREFIX + "layers\\.0\\.residual_group\\.blocks\\.0\\..*")),
  DAT_UPSCALER(
      "an upscaler of the architecture DAT; " + OtherKind.OF_UPSCALERS,
      names ->
          any(names, OtherKind.UPSCALER_PREFIX + "layers\\.0\\.blocks\\.0\\.attn\\.attns\\..*")),
  UPSCALER(
      "an upscaler of pictures of an architecture that is not known here; "
          + OtherKind.OF_UPSCALERS,
      names -> any(names, OtherKind.UPSCALER_PREFIX + "conv_first\\..*|params(_ema)?\\..*"));

  private static final String OF_UPSCALERS = "those of ESRGAN's (RRDBNet) can be imported";
  private static final String OF_CONTROL_NETS =
      "ControlNets of Stable Diffusion 1.x, 2.x and XL can be imported";
  private static final String UPSCALER_PREFIX = "(params(_ema)?\\.)?";

  private static final List<String> FIRST_LAYER =
      List.of("model.diffusion_model.input_blocks.0.0.weight", "conv_in.weight");

  /** Latents; with a mask and the latents of what it leaves. */
  private static final List<Long> KNOWN_INPUTS = List.of(4L, 9L);

  private final String is;
  private final Predicate<Map<String, StoredTensor>> given;

  OtherKind(String is, Predicate<Map<String, StoredTensor>> given) {
    this.is = is;
    this.given = given;
  }

  /** What such tensors are, as the end of "it is ..."; empty when they are nothing known. */
  static Optional<String> of(Map<String, StoredTensor> tensors) {
    for (OtherKind kind : values()) {
      if (kind.given.test(tensors)) {
        return Optional.of(kind.is);
      }
    }
    for (String name : FIRST_LAYER) {
      StoredTensor first = tensors.get(name);
      if (first != null
          && first.shape().size() == 4
          && !KNOWN_INPUTS.contains(first.shape().get(1))) {
        return Optional.of(byInputs(first.shape().get(1)));
      }
    }
    if (any(tensors, "(first_stage_model\\.)?(en|de)coder\\..*")
        && !any(tensors, "model\\.diffusion_model\\..*")) {
      return Optional.of("an autoencoder (VAE) alone: name it with --vae beside a checkpoint");
    }
    return Optional.empty();
  }

  private static String byInputs(long channels) {
    return switch ((int) channels) {
      case 8 -> "for editing pictures (8 channels), which needs one; they cannot be used yet";
      case 7 -> "an upscaler by diffusion (7 channels); such models cannot be used yet";
      default -> "for " + channels + " channels of latents, which no known family has";
    };
  }

  private static boolean any(Map<String, StoredTensor> tensors, String pattern) {
    return tensors.keySet().stream().anyMatch(name -> name.matches(pattern));
  }
}
