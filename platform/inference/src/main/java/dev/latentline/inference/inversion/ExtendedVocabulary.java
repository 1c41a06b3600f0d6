package dev.latentline.inference.inversion;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.safetensors.StoredType;
import dev.latentline.inference.tensor.StoredFloats;
import dev.latentline.inference.tensor.TemporaryPages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a text encoder knows a vector for: its own tokens, and before them the vectors of textual
 * inversions. Its table of token embeddings is made longer for them when it is loaded, so that they
 * cost a run nothing. Before, because CLIP's graphs know the end of a text by the greatest id.
 */
public final class ExtendedVocabulary {
  /** Of a text encoder without textual inversions. */
  public static final ExtendedVocabulary NONE = new ExtendedVocabulary(Map.of(), 0, Map.of());

  /** Behind the name of each text encoder's tensor. */
  public static final String VECTORS = "/vectors";

  private static final int PART_BYTES = 1 << 20;

  private static final String TABLE = "token_embedding.weight";

  /** Of each one's first vector, by digest. */
  private final Map<String, Long> rows;

  private final long added;
  private final Map<String, ByteBuffer> weights;

  private ExtendedVocabulary(Map<String, Long> rows, long added, Map<String, ByteBuffer> weights) {
    this.rows = rows;
    this.added = added;
    this.weights = weights;
  }

  /**
   * Reads the table and makes it longer, in fp32; without textual inversions nothing is read.
   *
   * @param graph of a text encoder of the model, whose files are verified
   * @param inversions that fit the model
   * @throws InvalidSafetensorsException when a file is not what its manifest says
   */
  public static ExtendedVocabulary of(
      ModelCard model, String graph, List<TextualInversionCard> inversions) throws IOException {
    if (inversions.isEmpty()) {
      return NONE;
    }
    // those that fit are of models whose weights are beside their graphs
    Path weights = model.weightsOf(graph).orElseThrow();
    try (SafetensorsFile file = SafetensorsFile.open(weights);
        TemporaryPages pages = TemporaryPages.open()) {
      StoredTensor table =
          file.tensors().values().stream()
              .filter(tensor -> isTable(tensor.name()) && tensor.shape().size() == 2)
              .findFirst()
              .orElseThrow(() -> new InvalidSafetensorsException(graph + " has no " + TABLE));
      int width = Math.toIntExact(table.shape().get(1));
      long added = inversions.stream().mapToLong(TextualInversionCard::vectors).sum();
      Map<String, Long> rows = new LinkedHashMap<>();
      String part = graph.substring(0, graph.lastIndexOf('/'));
      long next = 0;
      for (TextualInversionCard inversion : inversions) {
        pages.put(vectors(inversion, part, width));
        rows.put(inversion.digest(), next);
        next += inversion.vectors();
      }
      append(file.map(table), table.type(), pages);
      return new ExtendedVocabulary(rows, added, Map.of(table.name(), pages.map()));
    }
  }

  /** A part at a time: the whole is larger than some heaps. */
  private static void append(ByteBuffer stored, StoredType type, TemporaryPages to)
      throws IOException {
    for (int at = 0; at < stored.limit(); at += PART_BYTES) {
      ByteBuffer part = stored.slice(at, Math.min(PART_BYTES, stored.limit() - at));
      to.put(StoredFloats.of(part.order(stored.order()), type));
    }
  }

  /** Whether a weight of a text encoder has its tokens' vectors, by row. */
  public static boolean isTable(String weight) {
    return weight.endsWith(TABLE);
  }

  private static float[] vectors(TextualInversionCard inversion, String part, int width)
      throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(inversion.file())) {
      StoredTensor vectors =
          file.find(part + VECTORS)
              .filter(t -> t.shape().equals(List.of((long) inversion.vectors(), (long) width)))
              .filter(t -> t.type().isWeight())
              .orElseThrow(
                  () ->
                      new InvalidSafetensorsException(
                          "the textual inversion "
                              + inversion.name()
                              + " has no "
                              + inversion.vectors()
                              + " vectors of "
                              + width
                              + " numbers for "
                              + part));
      return StoredFloats.of(file.map(vectors), vectors.type());
    }
  }

  /** The weights of the graph that take the place of its own, fp32 in the machine's order. */
  public Map<String, ByteBuffer> weights() {
    return weights;
  }

  /** By how much the ids of the encoder's own tokens are greater here. */
  public long shift() {
    return added;
  }

  /**
   * What the text encoder takes for ids of a request.
   *
   * @throws Failure.Rejected with code {@code invalid_tokens} when one is of no textual inversion
   */
  public long[] ids(long[] ids, InsertedTokens inserted) {
    return Arrays.stream(ids).map(id -> row(id, inserted)).toArray();
  }

  private long row(long id, InsertedTokens inserted) {
    if (id < InsertedTokens.FIRST) {
      return id + added;
    }
    InsertedTokens.Vector vector = inserted.vector(id);
    return rows.get(vector.card().digest()) + vector.index();
  }
}
