package dev.latentline.denoiser.network;

import java.util.Arrays;
import java.util.List;

/**
 * The batch sizes that a network is run with, in rows: one for each picture and context. A GPU is
 * prepared for few of them, and what does not fill one is padded, so that a picture's numbers do
 * not depend on how many others were at hand. On a CPU a batch gains nothing: every picture is
 * computed alone, with as many rows as it has.
 */
public final class BatchSizes {
  private static final int MOST_ROWS = 256;

  private final int[] rows;

  private BatchSizes(int[] rows) {
    this.rows = rows;
  }

  /** Each picture alone. */
  public static BatchSizes none() {
    return new BatchSizes(new int[0]);
  }

  /**
   * @param rows 1 to 256 each, ascending
   */
  public static BatchSizes of(List<Integer> rows) {
    int[] sizes = rows.stream().mapToInt(Integer::intValue).toArray();
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] < 1 || sizes[i] > MOST_ROWS || (i > 0 && sizes[i] <= sizes[i - 1])) {
        throw new IllegalArgumentException(
            "latentline.inference.batch-sizes must be ascending numbers from 1 to "
                + MOST_ROWS
                + ", not "
                + Arrays.toString(sizes));
      }
    }
    return new BatchSizes(sizes);
  }

  /** Those of at most so many rows. */
  BatchSizes upTo(int most) {
    return new BatchSizes(Arrays.stream(rows).filter(size -> size <= most).toArray());
  }

  /** Ascending. */
  List<Integer> all() {
    return Arrays.stream(rows).boxed().toList();
  }

  /** Whether several pictures can share a call. */
  public boolean shared() {
    return rows.length > 0;
  }

  /** The rows that a call with so many is made of when it must always be the same number. */
  public int fixed(int wanted) {
    return Math.max(wanted, largest());
  }

  /** The rows that a call with so many is made of. */
  public int padded(int wanted) {
    for (int size : rows) {
      if (size >= wanted) {
        return size;
      }
    }
    return wanted;
  }

  /**
   * How many rows the next call should have at most when so many wait: the largest size that they
   * fill, or the smallest there is.
   */
  public int best(int waiting) {
    int best = rows.length == 0 ? waiting : rows[0];
    for (int size : rows) {
      if (size <= waiting) {
        best = size;
      }
    }
    return best;
  }

  /**
   * The batch that a picture with so many rows is computed in; 0 when that differs.
   *
   * @param isFixed whether the picture insists on one size
   */
  public int of(int ofPicture, boolean isFixed) {
    boolean always = isFixed || rows.length < 2;
    return always || ofPicture > largest() ? fixed(ofPicture) : 0;
  }

  /** The largest, 0 where pictures are computed alone. */
  public int largest() {
    return rows.length == 0 ? 0 : rows[rows.length - 1];
  }
}
