package dev.latentline.encoder.text;

import java.util.List;

/**
 * The states that the starter's text encoder has for "a red apple", made once with ONNX Runtime
 * 1.32.0 for Python (CPU, attention_mask all ones, token_type_ids all zeros), and the tokens that
 * they are of.
 */
public final class AppleEmbedding {
  /** [CLS] a red apple [SEP] in the starter's tokenizer. */
  public static final List<Long> IDS = List.of(101L, 1037L, 2417L, 6207L, 102L);

  public static final int WIDTH = 384;

  /** The first four elements of each row. */
  private static final float[][] ROWS = {
    {0.12971754f, -0.04566827f, 0.03491954f, 0.33936274f},
    {-0.3354793f, 0.29536363f, -0.4446946f, 0.6025828f},
    {0.358828f, -0.4086953f, -0.68671995f, -0.18982974f},
    {-0.08171941f, 0.27482575f, 0.03916106f, 0.6201064f},
    {0.06970646f, 0.35893413f, -0.43804052f, 0.8280347f}
  };

  /** The length of each row. */
  private static final float[] NORMS = {8.402806f, 9.172129f, 9.45084f, 10.95763f, 7.2672353f};

  /** Another version of ONNX Runtime or other vector instructions change the last bits. */
  private static final double CLOSE = 1e-4;

  private AppleEmbedding() {}

  /** What differs from the golden values; empty when nothing does. */
  public static String differences(float[] embedding) {
    StringBuilder found = new StringBuilder();
    for (int row = 0; row < ROWS.length; row++) {
      double squares = 0;
      for (int column = 0; column < WIDTH; column++) {
        float value = embedding[row * WIDTH + column];
        squares += (double) value * value;
        if (column < ROWS[row].length && !(Math.abs(value - ROWS[row][column]) <= CLOSE)) {
          found.append(" [").append(row).append(',').append(column).append("]=").append(value);
        }
      }
      double norm = Math.sqrt(squares);
      if (!(Math.abs(norm - NORMS[row]) <= CLOSE * NORMS[row])) {
        found.append(" |").append(row).append("|=").append(norm);
      }
    }
    return found.toString();
  }
}
