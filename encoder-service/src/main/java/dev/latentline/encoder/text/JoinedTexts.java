package dev.latentline.encoder.text;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.TextEncoder.Join;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What several text encoders make of one text, as one conditioning: rows beside or below one
 * another, and for the whole text all numbers in a row. Stable Diffusion 3 has two CLIPs beside
 * each other and T5 below them (Esser et al. 2024, arXiv:2403.03206, figure 2).
 */
final class JoinedTexts {
  private JoinedTexts() {}

  /**
   * @param texts one for each text encoder, in the manifest's order
   */
  static EncodedText of(ModelCard card, List<EncodedText> texts) {
    List<List<FloatTensor>> blocks = new ArrayList<>(List.of(new ArrayList<>()));
    List<FloatTensor> pooled = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      TextEncoder encoder = card.textEncoders().get(i);
      texts.get(i).pooled().ifPresent(pooled::add);
      if (encoder.joins() == Join.BELOW) {
        blocks.add(new ArrayList<>());
      }
      if (encoder.joins() != Join.NONE) {
        blocks.get(blocks.size() - 1).add(texts.get(i).states());
      }
    }
    List<FloatTensor> filled =
        blocks.stream().filter(block -> !block.isEmpty()).map(JoinedTexts::sideBySide).toList();
    return new EncodedText(
        below(filled, card.unet().contextSize()),
        pooled.isEmpty() ? Optional.empty() : Optional.of(inARow(pooled)));
  }

  /**
   * @param parts each [1, rows, width of its own]
   * @return [1, rows, sum of the widths]
   */
  static FloatTensor sideBySide(List<FloatTensor> parts) {
    if (parts.size() == 1) {
      return parts.get(0);
    }
    int rows = (int) parts.get(0).shape()[1];
    int width = parts.stream().mapToInt(part -> (int) part.shape()[2]).sum();
    float[] joined = new float[rows * width];
    int column = 0;
    for (FloatTensor part : parts) {
      if (part.shape()[1] != rows) {
        throw new Failure.Rejected(
            "invalid_tokens", "The model's text encoders got sequences of different lengths");
      }
      int partWidth = (int) part.shape()[2];
      for (int row = 0; row < rows; row++) {
        System.arraycopy(part.data(), row * partWidth, joined, row * width + column, partWidth);
      }
      column += partWidth;
    }
    return new FloatTensor(new long[] {1, rows, width}, joined);
  }

  /** Narrow rows end in zeros. */
  private static FloatTensor below(List<FloatTensor> blocks, int width) {
    if (blocks.size() == 1 && blocks.get(0).shape()[2] == width) {
      return blocks.get(0);
    }
    int rows = blocks.stream().mapToInt(block -> (int) block.shape()[1]).sum();
    float[] joined = new float[rows * width];
    int row = 0;
    for (FloatTensor block : blocks) {
      int own = (int) block.shape()[2];
      for (int i = 0; i < block.shape()[1]; i++, row++) {
        System.arraycopy(block.data(), i * own, joined, row * width, own);
      }
    }
    return new FloatTensor(new long[] {1, rows, width}, joined);
  }

  private static FloatTensor inARow(List<FloatTensor> parts) {
    if (parts.size() == 1) {
      return parts.get(0);
    }
    int size = parts.stream().mapToInt(part -> part.data().length).sum();
    float[] joined = new float[size];
    int at = 0;
    for (FloatTensor part : parts) {
      System.arraycopy(part.data(), 0, joined, at, part.data().length);
      at += part.data().length;
    }
    return new FloatTensor(new long[] {1, size}, joined);
  }
}
