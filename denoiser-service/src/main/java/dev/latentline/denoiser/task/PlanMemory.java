package dev.latentline.denoiser.task;

import dev.latentline.contract.Limits;
import dev.latentline.denoiser.network.SteeringPicture;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.Payload;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What one picture takes of the heap, as its record shows before anything is read that the record
 * names. What a step takes besides is not in it: pictures take turns with that.
 *
 * @param planning bytes at most until its plan is made
 * @param held bytes at most from then on: its plan, and the states that it goes through
 */
public record PlanMemory(long planning, long held) {
  /** The state of now, one that is still to be written to the store, and the newest x0. */
  private static final int STATES = 2 * (1 + SamplerState.MAX_HISTORY) + 1;

  /** An object of the store is there as it came and as a message, or as a message and as fp32. */
  private static final int COPIES = 2;

  /**
   * @param rows of the plan
   * @param shape of the latents, [1, channels, height, width]
   */
  static PlanMemory of(
      EmbeddingReady record,
      ModelCard model,
      Optional<ModelCard> refiner,
      List<Conditioning> rows,
      long[] shape) {
    long pixels = (long) record.getRequest().getHeight() * record.getRequest().getWidth();
    long floats =
        ofNetwork(model, rows, Conditioning::getEmbedding)
            + refiner
                .map(each -> ofNetwork(each, rows, Conditioning::getRefinerEmbedding))
                .orElse(0L)
            + model.unet().maskedChannels() * shape[2] * shape[3]
            + STATES * shape[1] * shape[2] * shape[3];
    long held =
        Float.BYTES * floats
            + record.getRequest().getControlsCount() * SteeringPicture.COLOURS * pixels;
    long largest =
        Stream.concat(
                rows.stream()
                    .flatMap(
                        row ->
                            Stream.of(
                                row.getEmbedding(),
                                row.getPooled(),
                                row.getRefinerEmbedding(),
                                row.getRefinerPooled())),
                Stream.concat(
                    Stream.of(record.getMaskedPicture()), record.getControlPicturesList().stream()))
            .mapToLong(PlanMemory::bytes)
            .max()
            .orElseThrow();
    return new PlanMemory(held + COPIES * largest, held);
  }

  /** Of what one network is asked with, in numbers. */
  private static long ofNetwork(
      ModelCard model, List<Conditioning> rows, Function<Conditioning, Payload> of) {
    long row =
        (long) tokens(model, rows, of) * model.unet().contextSize()
            + (model.unet().textEmbeds() ? model.pooledSize() : 0)
            + model.unet().timeIds()
            + model.unet().guidanceSize()
            + (model.unet().guidance() ? 1 : 0);
    return rows.size() * row;
  }

  /** To how many tokens all texts are filled up: those of the longest, in whole chunks. */
  static int tokens(ModelCard model, List<Conditioning> texts, Function<Conditioning, Payload> of) {
    int chunk = model.maxTokens();
    int width = model.unet().contextSize();
    long longest = texts.stream().mapToLong(text -> rows(of.apply(text), width)).max().orElse(0);
    int tokens = (int) Math.max(1, Math.min(longest, maxTokens(model)));
    return (tokens + chunk - 1) / chunk * chunk;
  }

  /** Of one text. */
  static int maxTokens(ModelCard model) {
    return model.maxTokens() * (model.hasChunks() ? Limits.MAX_PROMPT_CHUNKS : 1);
  }

  /**
   * The rows of an embedding. Of one in the store its size says how many there are: it is of fp32,
   * and what is around its numbers is less than a row.
   *
   * @return 0 when it is no embedding
   */
  static long rows(Payload embedding, int width) {
    if (embedding.hasStored()) {
      return embedding.getStored().getSizeBytes() / ((long) width * Float.BYTES);
    }
    List<Long> shape = embedding.getInline().getShapeList();
    return shape.size() == 3 ? shape.get(1) : 0;
  }

  private static long bytes(Payload payload) {
    return payload.hasStored()
        ? payload.getStored().getSizeBytes()
        : payload.getInline().getData().size();
  }
}
