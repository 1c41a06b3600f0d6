package dev.latentline.inference.catalogue;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;

/** What a model is asked with when the request leaves it out. Sizes are in pixels. */
public record Defaults(
    int steps, float guidanceScale, int width, int height, Sampler sampler, Schedule schedule) {}
