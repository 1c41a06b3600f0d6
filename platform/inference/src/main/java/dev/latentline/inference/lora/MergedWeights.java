package dev.latentline.inference.lora;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.lora.LoraSet.Weighted;
import dev.latentline.inference.safetensors.InvalidSafetensorsException;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.tensor.StoredFloats;
import dev.latentline.inference.tensor.TemporaryPages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A part's weights with LoRAs added to them: W + sum of weight * scale * up * down, in fp32. Only
 * the weights that change are here. The same set gives the same bits on every machine.
 */
public final class MergedWeights {
  private MergedWeights() {}

  /**
   * Adds.
   *
   * @param base the part's own weights, by the graph's names
   * @param part the graph's folder
   * @return fp32 in the machine's order, by weight; valid as long as they can be reached
   * @throws Failure.Rejected with code {@code lora_unavailable} when a LoRA's file is not the one
   *     of its manifest, or does not fit the model
   * @throws IOException when the base cannot be read, or there is no room for what is made
   */
  public static Map<String, ByteBuffer> of(Path base, String part, LoraSet loras)
      throws IOException {
    loras.verify();
    List<Opened> opened = new ArrayList<>();
    try (SafetensorsFile weights = SafetensorsFile.open(base)) {
      Map<String, List<Opened>> changing = new TreeMap<>();
      for (Weighted lora : loras.loras()) {
        Opened one = open(lora);
        opened.add(one);
        for (String weight : one.weights.weights(part)) {
          changing.computeIfAbsent(weight, absent -> new ArrayList<>()).add(one);
        }
      }
      return merged(weights, part, changing);
    } finally {
      for (Opened one : opened) {
        one.weights.close();
      }
    }
  }

  private static Opened open(Weighted lora) {
    try {
      return new Opened(lora.card(), lora.weight(), LoraWeights.open(lora.card().file()));
    } catch (IOException | InvalidSafetensorsException e) {
      throw new Failure.Rejected(
          "lora_unavailable", "The LoRA " + lora.card().name() + " cannot be read", e);
    }
  }

  private record Opened(LoraCard card, float weight, LoraWeights weights) {}

  private static Map<String, ByteBuffer> merged(
      SafetensorsFile base, String part, Map<String, List<Opened>> changing) throws IOException {
    Map<String, ByteBuffer> merged = new HashMap<>();
    try (TemporaryPages pages = TemporaryPages.open()) {
      for (Map.Entry<String, List<Opened>> change : changing.entrySet()) {
        StoredTensor tensor = base.find(change.getKey()).orElse(null);
        if (tensor == null) {
          throw unfit(change.getValue().get(0).card(), change.getKey());
        }
        float[] values = StoredFloats.of(base.map(tensor), tensor.type());
        for (Opened lora : change.getValue()) {
          add(values, tensor, part, lora);
        }
        pages.put(values);
        merged.put(change.getKey(), pages.map());
      }
    }
    return merged;
  }

  private static void add(float[] values, StoredTensor tensor, String part, Opened lora)
      throws IOException {
    int rows = Math.toIntExact(tensor.shape().get(0));
    int columns = values.length / rows;
    Optional<LoraWeights.Change> change;
    try {
      change = lora.weights.change(part, tensor.name(), rows, columns);
    } catch (InvalidSafetensorsException e) {
      throw unfit(lora.card, tensor.name());
    }
    if (change.isPresent()) {
      add(values, columns, change.get(), lora.weight * change.get().scale());
    }
  }

  private static Failure.Rejected unfit(LoraCard card, String weight) {
    return new Failure.Rejected(
        "lora_unavailable",
        "The LoRA " + card.name() + " does not fit the model's weight " + weight);
  }

  /** Row by row, so that what is added to lies in the processor's cache; the loop is vectorised. */
  private static void add(float[] values, int columns, LoraWeights.Change change, float factor) {
    float[] down = change.down();
    float[] row = new float[columns];
    for (int begin = 0, r = 0; begin < values.length; begin += columns, r++) {
      Arrays.fill(row, 0);
      for (int k = 0; k < change.rank(); k++) {
        float up = change.up()[r * change.rank() + k];
        int from = k * columns;
        for (int i = 0; i < columns; i++) {
          row[i] += up * down[from + i];
        }
      }
      for (int i = 0; i < columns; i++) {
        values[begin + i] += factor * row[i];
      }
    }
  }
}
