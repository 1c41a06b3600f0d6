package dev.latentline.inference.lora;

import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.StoredFloats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The file of a LoRA of the catalogue, whatever layout it was trained in. A weight of shape [out,
 * n1, n2, ...] of the graph in folder PART changes by weight * scale * up * down, where
 *
 * <ul>
 *   <li>{@code PART/WEIGHT.down} is [rank, n1 * n2 * ...],
 *   <li>{@code PART/WEIGHT.up} is [out, rank],
 *   <li>{@code PART/WEIGHT.scale} is [1], fp32: alpha / rank.
 * </ul>
 *
 * Closed by whoever opened it.
 */
public final class LoraWeights implements AutoCloseable {
  public static final String DOWN = ".down";
  public static final String UP = ".up";
  public static final String SCALE = ".scale";

  private final SafetensorsFile file;

  private LoraWeights(SafetensorsFile file) {
    this.file = file;
  }

  /**
   * @throws InvalidSafetensorsException when it is no safetensors file
   */
  public static LoraWeights open(Path path) throws IOException {
    return new LoraWeights(SafetensorsFile.open(path));
  }

  /**
   * The change of one weight.
   *
   * @param up [out, rank]
   * @param down [rank, columns]
   */
  record Change(float scale, int rank, float[] up, float[] down) {}

  /** The weights of a part that it changes, ascending. */
  public Set<String> weights(String part) {
    Set<String> weights = new TreeSet<>();
    String prefix = part + "/";
    for (String name : file.tensors().keySet()) {
      if (name.startsWith(prefix) && name.endsWith(UP)) {
        weights.add(name.substring(prefix.length(), name.length() - UP.length()));
      }
    }
    return weights;
  }

  /**
   * @param rows of the weight
   * @param columns of the weight, all sides but the first
   * @return empty when the LoRA does not change it
   * @throws InvalidSafetensorsException when the tensors do not fit the weight
   */
  Optional<Change> change(String part, String weight, int rows, int columns) throws IOException {
    String stem = part + "/" + weight;
    Optional<StoredTensor> up = file.find(stem + UP);
    if (up.isEmpty()) {
      return Optional.empty();
    }
    long rank = up.get().shape().size() == 2 ? up.get().shape().get(1) : 0;
    return Optional.of(
        new Change(
            floats(stem + SCALE, List.of(1L))[0],
            Math.toIntExact(rank),
            floats(stem + UP, List.of((long) rows, rank)),
            floats(stem + DOWN, List.of(rank, (long) columns))));
  }

  private float[] floats(String name, List<Long> shape) throws IOException {
    StoredTensor tensor =
        file.find(name)
            .filter(found -> found.shape().equals(shape) && found.type().isWeight())
            .orElseThrow(
                () ->
                    new InvalidSafetensorsException(
                        file.path().getFileName() + " has no tensor " + name + " of " + shape));
    return StoredFloats.of(file.map(tensor), tensor.type());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
