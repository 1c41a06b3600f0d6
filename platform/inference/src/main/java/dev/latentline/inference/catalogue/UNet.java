package dev.latentline.inference.catalogue;

/**
 * The denoising network: sample, timestep, encoder_hidden_states to out_sample.
 *
 * @param model path of the graph in the model's folder
 * @param contextSize the width of encoder_hidden_states
 */
public record UNet(String model, int latentChannels, int contextSize) {}
