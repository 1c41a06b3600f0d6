package dev.latentline.decoder.safety;

import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.SafetyCheckerCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A safety checker of the catalogue, verified and loaded. */
public final class OnnxSafetyChecker implements SafetyChecker {
  private static final String INPUT = "pixels";
  private static final String OUTPUT = "probabilities";

  private final SafetyCheckerCard card;
  private final ModelSession session;

  /**
   * @throws InvalidCatalogueException when its files are not those of its manifest
   */
  public OnnxSafetyChecker(SafetyCheckerCard card, SessionSettings settings) {
    List<String> problems = card.verify();
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(problems);
    }
    this.card = card;
    this.session = ModelSession.open(card.graph(), settings);
  }

  @Override
  public ModelRef reference() {
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  @Override
  public List<String> unsafe() {
    return card.unsafe();
  }

  @Override
  public Map<String, Float> scores(Pixels picture, RunStop stop) {
    FloatTensor probabilities =
        TensorRecords.require(
            session.run(Map.of(INPUT, resized(picture, card.inputSize())), OUTPUT, stop),
            "What the safety checker tells",
            1,
            card.classes().size());
    Map<String, Float> scores = new TreeMap<>();
    for (int i = 0; i < card.classes().size(); i++) {
      scores.put(card.classes().get(i), probabilities.data()[i]);
    }
    return scores;
  }

  /**
   * [1, 3, size, size] in 0..1, as NSFWJS' authors resize: bilinear between the corners' centres,
   * which is TensorFlow.js' resizeBilinear with alignCorners.
   */
  static FloatTensor resized(Pixels picture, int size) {
    float[] values = new float[3 * size * size];
    double stepX = (picture.width() - 1.0) / (size - 1);
    double stepY = (picture.height() - 1.0) / (size - 1);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        for (int channel = 0; channel < 3; channel++) {
          values[(channel * size + y) * size + x] =
              (float) (picture.between(x * stepX, y * stepY, channel) / 255);
        }
      }
    }
    return new FloatTensor(new long[] {1, 3, size, size}, values);
  }

  @Override
  public void close() {
    session.close();
  }
}
