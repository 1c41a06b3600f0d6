package dev.latentline.inference.catalogue;

/**
 * The denoising network: sample, timestep, encoder_hidden_states to out_sample.
 *
 * @param model path of the graph in the model's folder
 * @param contextSize the width of encoder_hidden_states
 * @param timeIds how many numbers about the picture's size it takes in time_ids, besides
 *     text_embeds; 0 where it has neither input (Podell et al. 2023, arXiv:2307.01952, section 2.2)
 * @param zeroUnconditional whether the lack of a negative prompt is zeros, as SDXL was trained, and
 *     not the states of an empty text
 */
public record UNet(
    String model, int latentChannels, int contextSize, int timeIds, boolean zeroUnconditional) {
  /** Of one that takes texts only. */
  public UNet(String model, int latentChannels, int contextSize) {
    this(model, latentChannels, contextSize, 0, false);
  }
}
