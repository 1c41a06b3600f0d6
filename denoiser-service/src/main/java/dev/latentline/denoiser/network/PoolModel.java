package dev.latentline.denoiser.network;

import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.ModelCard;

/** A model that a pool serves, and the noise that it was trained with. */
public record PoolModel(ModelCard card, TrainedNoise noise) {}
