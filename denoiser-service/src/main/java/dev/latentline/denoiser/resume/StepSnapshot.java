package dev.latentline.denoiser.resume;

import dev.latentline.contract.ImageTask;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.RuntimeClass;
import java.util.List;

/**
 * A picture between two steps, and what made it so far.
 *
 * @param loras that changed the model, as the request pins them
 * @param refiner that makes the last steps, as the request pins it; the default where there is none
 * @param shape of the latents, [1, channels, height, width]
 * @param attempt which attempt at the record got here
 */
public record StepSnapshot(
    String tenant,
    ImageTask task,
    String modelDigest,
    List<Lora> loras,
    Refiner refiner,
    RuntimeClass runtimeClass,
    long[] shape,
    int attempt,
    SamplerState state) {}
