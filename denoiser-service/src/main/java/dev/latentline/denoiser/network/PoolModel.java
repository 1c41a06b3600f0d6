package dev.latentline.denoiser.network;

import dev.latentline.denoiser.schedule.TrainedNoise;
import dev.latentline.inference.catalogue.ModelCard;

/** A model whose network is verified and loaded. */
public record LoadedModel(ModelCard card, UNetRunner network, TrainedNoise noise) {}
