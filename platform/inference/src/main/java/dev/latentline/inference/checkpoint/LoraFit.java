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
import java.util.Optional;
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
      if (up.size() != 2 || !up.get(0).equals(shape.get(0)) || up.get(1) < 1 || down.isEmpty()) {
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
      return layer.down.name()
          + " is "
          + layer.down.shape()
          + mid
          + ", up "
          + layer.up.shape()
          + ", which do not make "
          + target.shape();
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
      Optional<Target> target = targets.find(entry.getKey());
      if (target.isEmpty()) {
        if (targets.isUnread(entry.getKey())) {
          unread++;
        } else {
          unknown.add(layer.down.name());
        }
        continue;
      }
      Change change = new Change(layer, target.get());
      if (!change.fits()) {
        misshapen.add(change.difference());
      } else if (changes.put(target.get(), change) != null) {
        misshapen.add(layer.down.name() + " is the second for " + target.get().weight());
      }
    }
    return new LoraFit(template, List.copyOf(changes.values()), unknown, misshapen, unread);
  }

  boolean isComplete() {
    return unknown.isEmpty() && misshapen.isEmpty() && !changes.isEmpty();
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
