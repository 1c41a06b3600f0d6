package dev.latentline.denoiser.network;

import dev.latentline.inference.tensor.FloatTensor;

/**
 * What networks such as SDXL's take besides contexts, one row for each of theirs.
 *
 * @param textEmbeds [rows, size]: the whole text
 * @param timeIds [rows, 6]: height and width of the picture that it is to look like a copy of,
 *     where that was cropped (top, left), height and width of the picture itself (Podell et al.
 *     2023, arXiv:2307.01952, section 2.2)
 */
public record AddedInputs(FloatTensor textEmbeds, FloatTensor timeIds) {}
