package dev.latentline.inference.catalogue;

import java.util.Optional;

/**
 * The denoising network: sample, timestep, encoder_hidden_states to out_sample.
 *
 * @param model path of the graph in the model's folder
 * @param contextSize the width of encoder_hidden_states
 * @param timeIds how many numbers about the picture it takes in time_ids, besides text_embeds: 6 of
 *     its size, or 5 of its size and how well it is to be liked; 0 where it has neither input
 *     (Podell et al. 2023, arXiv:2307.01952, section 2.2)
 * @param zeroUnconditional whether the lack of a negative prompt is zeros, as SDXL was trained, and
 *     not the states of an empty text
 * @param guidanceSize how many numbers it takes in timestep_cond, as which it is told the guidance
 *     that it was distilled with (Meng et al. 2022, arXiv:2210.03142); 0 where it has no such input
 * @param inpainting whether sample has, behind the latents, a mask and the latents of what that
 *     leaves of a picture: 2 * latentChannels + 1 channels
 * @param textEmbeds whether it takes what stands for the whole text, as text_embeds
 * @param contextTokens the rows of encoder_hidden_states, of which those that no text encoder gives
 *     are zeros; 0 where it takes as many as there are
 * @param guidance whether it takes the guidance scale that it was distilled with as it is, in
 *     guidance
 * @param patchSize the side of the squares of latents that are a token to it, by whose number noise
 *     may be shifted ({@link SchedulerConfig#ofTokens}); 1 where nothing depends on it
 * @param controlled path of the graph that takes a ControlNet's residuals as well, which may be the
 *     same one; empty where none does
 */
public record UNet(
    String model,
    int latentChannels,
    int contextSize,
    int timeIds,
    boolean zeroUnconditional,
    int guidanceSize,
    boolean inpainting,
    boolean textEmbeds,
    int contextTokens,
    boolean guidance,
    int patchSize,
    Optional<String> controlled) {
  /** Of a U-Net. */
  public UNet(
      String model,
      int latentChannels,
      int contextSize,
      int timeIds,
      boolean zeroUnconditional,
      int guidanceSize,
      boolean inpainting) {
    this(
        model,
        latentChannels,
        contextSize,
        timeIds,
        zeroUnconditional,
        guidanceSize,
        inpainting,
        timeIds > 0,
        0,
        false,
        1,
        Optional.empty());
  }

  /** Of one that takes texts only. */
  public UNet(String model, int latentChannels, int contextSize) {
    this(model, latentChannels, contextSize, 0, false, 0, false);
  }

  /** Whether it is told the guidance, and so asked once for a prompt. */
  public boolean isToldGuidance() {
    return guidance || guidanceSize > 0;
  }

  /** How many channels sample has. */
  public int inputChannels() {
    return latentChannels + maskedChannels();
  }

  /** How many of them are the mask and what it leaves of a picture. */
  public int maskedChannels() {
    return inpainting ? 1 + latentChannels : 0;
  }
}
