package dev.latentline.inference.checkpoint;

import dev.latentline.inference.checkpoint.LoraTargets.Target;
import dev.latentline.inference.tensor.StoredFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A LoRA held against a template.
 *
 * @param changes in the order of the file's layers
 * @param unknown tensors whose layer the family does not have
 * @param misshapen tensors that do not fit their layer, each with both shapes
 * @param unread how many layers are left out because nothing reads them
 */
record LoraFit(
    Template template,
    List<Change> changes,
    List<String> unknown,
    List<String> misshapen,
    int unread) {
  private static final int SHOWN = 5;

  /** What changes one weight. */
  record Change(LoraTensors.Layer layer, Target target) {
    long rank() {
      return layer.up.shape().get(1);
    }

    /** The matrix [rows, rank] that makes the weight's output: its rows of the layer's. */
    ByteBuffer up(CheckpointFiles files) throws IOException {
      ByteBuffer up = files.map(layer.up);
      int row = Math.toIntExact(up.remaining() / target.layerRows());
      if (target.rows().isPresent()) {
        WeightPlace.Rows rows = target.rows().get();
        up = up.slice(Math.toIntExact(rows.from()) * row, Math.toIntExact(rows.count()) * row);
      }
      if (!target.swapped()) {
        return up;
      }
      int half = up.remaining() / 2;
      return ByteBuffer.allocate(2 * half).put(up.slice(half, half)).put(up.slice(0, half)).flip();
    }

    /** Of the weight: all sides but the first. */
    long columns() {
      return target.shape().stream().skip(1).reduce(1L, Math::multiplyExact);
    }

    /**
     * The matrix [rank, columns] that the weight's input meets first; a layer in three parts
     * (lora_mid) is made one of two.
     */
    ByteBuffer down(CheckpointFiles files) throws IOException {
      if (layer.mid == null) {
        return files.map(layer.down);
      }
      float[] down = StoredFloats.of(files.map(layer.down), layer.down.type());
      float[] mid = StoredFloats.of(files.map(layer.mid), layer.mid.type());
      int rank = Math.toIntExact(rank());
      int inputs = down.length / rank;
      int points = mid.length / (rank * rank);
      float[] joined = new float[rank * inputs * points];
      for (int out = 0; out < rank; out++) {
        for (int in = 0; in < rank; in++) {
          for (int i = 0; i < inputs; i++) {
            for (int p = 0; p < points; p++) {
              joined[(out * inputs + i) * points + p] +=
                  mid[(out * rank + in) * points + p] * down[in * inputs + i];
            }
          }
        }
      }
      ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * joined.length);
      bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(joined);
      return bytes;
    }

    private boolean fits() {
      List<Long> shape = target.shape();
      List<Long> up = WeightPlace.withoutPoints(layer.up.shape());
      List<Long> down = layer.down.shape();
      if (up.size() != 2 || up.get(0) != target.layerRows() || up.get(1) < 1 || down.isEmpty()) {
        return false;
      }
      long rank = up.get(1);
      if (layer.mid == null) {
        List<Long> wanted = new ArrayList<>(List.of(rank));
        wanted.addAll(shape.subList(1, shape.size()));
        return WeightPlace.withoutPoints(down).equals(WeightPlace.withoutPoints(wanted));
      }
      List<Long> wanted = new ArrayList<>(List.of(rank, rank));
      wanted.addAll(shape.subList(2, shape.size()));
      return layer.mid.shape().equals(wanted)
          && WeightPlace.withoutPoints(down).equals(List.of(rank, shape.get(1)));
    }

    private String difference() {
      String mid = layer.mid == null ? "" : ", mid " + layer.mid.shape();
      return layer.down.shown()
          + " is "
          + layer.down.shape()
          + mid
          + ", up "
          + layer.up.shape()
          + ", which do not make "
          + layerShape();
    }

    private List<Long> layerShape() {
      List<Long> shape = new ArrayList<>(target.shape());
      shape.set(0, target.layerRows());
      return shape;
    }
  }

  static LoraFit of(Template template, LoraTensors tensors) {
    LoraTargets targets = LoraTargets.of(template);
    Map<Target, Change> changes =
        new TreeMap<>(Comparator.comparing(Target::part).thenComparing(Target::weight));
    List<String> unknown = new ArrayList<>();
    List<String> misshapen = new ArrayList<>();
    int unread = 0;
    for (Map.Entry<String, LoraTensors.Layer> entry : tensors.layers().entrySet()) {
      LoraTensors.Layer layer = entry.getValue();
      Set<Target> weights = targets.find(entry.getKey());
      if (weights.isEmpty()) {
        if (targets.isUnread(entry.getKey())) {
          unread++;
        } else {
          unknown.add(layer.down.shown());
        }
        continue;
      }
      for (Target target : weights) {
        Change change = new Change(layer, target);
        if (!change.fits()) {
          misshapen.add(change.difference());
          // the others of the layer have the same to say
          break;
        }
        if (changes.put(target, change) != null) {
          misshapen.add(layer.down.shown() + " is the second for " + target.weight());
        }
      }
    }
    return new LoraFit(template, List.copyOf(changes.values()), unknown, misshapen, unread);
  }

  boolean isComplete() {
    return unknown.isEmpty() && misshapen.isEmpty() && !changes.isEmpty();
  }

  /** Whether a layer of the denoising network is among those that it changes, or fails to. */
  boolean isOfNetwork() {
    return !misshapen.isEmpty()
        || changes.stream().anyMatch(c -> c.target().part().equals(template.network()));
  }

  /** What is wrong, a few names at most. */
  String problems() {
    List<String> said = new ArrayList<>();
    if (!unknown.isEmpty()) {
      said.add(unknown.size() + " tensors belong to no layer of it: " + few(unknown));
    }
    if (!misshapen.isEmpty()) {
      said.add(misshapen.size() + " do not fit: " + few(misshapen));
    }
    return String.join("; ", said);
  }

  private static String few(List<String> names) {
    return String.join(", ", names.subList(0, Math.min(SHOWN, names.size())))
        + (names.size() > SHOWN ? ", ..." : "");
  }
}
