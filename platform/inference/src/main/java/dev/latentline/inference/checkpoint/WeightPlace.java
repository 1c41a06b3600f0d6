package dev.latentline.inference.checkpoint;

import dev.latentline.inference.safetensors.StoredTensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A weight of a template's graph, and where checkpoints keep it.
 *
 * @param shape in the graph
 * @param sources in checkpoints of the layouts that are known, the first that is there counts
 */
record WeightPlace(List<Long> shape, List<Source> sources) {
  WeightPlace {
    shape = List.copyOf(shape);
    sources = List.copyOf(sources);
  }

  /**
   * A tensor, or a part of one; or none, where the original has no such weight and the graph's is
   * the identity.
   *
   * @param tensor its name; empty for the identity
   * @param rows from the first to behind the last; empty for all of them
   * @param transposed whether a matrix is stored the other way round
   * @param swapped whether the upper half of the rows is stored below the lower one
   */
  record Source(String tensor, Optional<Rows> rows, boolean transposed, boolean swapped) {
    static Source of(String tensor) {
      return new Source(tensor, Optional.empty(), false, false);
    }

    boolean isIdentity() {
      return tensor.isEmpty();
    }

    /** Whether a stored tensor can be the one from which a weight of this shape is taken. */
    boolean fits(StoredTensor stored, List<Long> shape) {
      List<Long> given = new ArrayList<>(stored.shape());
      if (transposed) {
        Collections.reverse(given);
      }
      if (rows.isPresent()) {
        if (given.isEmpty() || given.get(0) != rows.get().all()) {
          return false;
        }
        given.set(0, rows.get().count());
      }
      return withoutPoints(given).equals(withoutPoints(shape));
    }
  }

  /** A convolution of one pixel has the numbers of a matrix. */
  static List<Long> withoutPoints(List<Long> shape) {
    int sides = shape.size();
    while (sides > 2 && shape.get(sides - 1) == 1) {
      sides--;
    }
    return shape.subList(0, sides);
  }

  /**
   * Some rows of a matrix, from the first to behind the last.
   *
   * @param all how many the matrix has
   */
  record Rows(long from, long to, long all) {
    long count() {
      return to - from;
    }
  }
}
