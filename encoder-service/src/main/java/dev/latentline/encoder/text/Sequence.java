package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.proto.v1.TokenIds;
import java.util.ArrayList;
import java.util.List;

/**
 * What a text encoder is run with once.
 *
 * @param weights one for each of the ids, or none where all are 1
 */
record Sequence(long[] ids, List<Float> weights) {

  /**
   * The sequences of a text.
   *
   * @throws Failure.Rejected with code {@code invalid_tokens} when there are weights or chunks and
   *     the encoder takes none, or they do not fit the ids
   */
  static List<Sequence> of(TokenIds tokens, TextEncoder encoder) {
    List<Long> ids = tokens.getIdsList();
    List<Float> weights = tokens.getWeightsList();
    if (weights.isEmpty() && tokens.getChunksList().isEmpty()) {
      return List.of(new Sequence(array(ids), List.of()));
    }
    require(encoder.chunks(), "The model's text encoder takes no chunks and no weights");
    require(
        weights.isEmpty() || weights.size() == ids.size(),
        "There is not one weight for each token");
    require(
        weights.stream().allMatch(weight -> Math.abs(weight) <= Limits.MAX_PROMPT_WEIGHT),
        "A token's weight is out of its range");
    List<Integer> chunks =
        tokens.getChunksList().isEmpty() ? List.of(ids.size()) : tokens.getChunksList();
    require(chunks.size() <= Limits.MAX_PROMPT_CHUNKS, "There are too many chunks");
    List<Sequence> sequences = new ArrayList<>();
    int from = 0;
    for (int length : chunks) {
      require(length > 0 && length <= ids.size() - from, "Chunks do not have the text's length");
      int to = from + length;
      sequences.add(
          new Sequence(
              array(ids.subList(from, to)),
              weights.isEmpty() ? List.of() : weights.subList(from, to)));
      from = to;
    }
    require(from == ids.size(), "Chunks do not have the text's length");
    return sequences;
  }

  private static long[] array(List<Long> ids) {
    return ids.stream().mapToLong(Long::longValue).toArray();
  }

  private static void require(boolean fulfilled, String otherwise) {
    if (!fulfilled) {
      throw new Failure.Rejected("invalid_tokens", otherwise);
    }
  }
}
