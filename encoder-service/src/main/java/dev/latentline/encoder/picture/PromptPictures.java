package dev.latentline.encoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ImageEncoder;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.BoundedSessions;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RunStoppedException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Conditionings that are made from pictures in the place of texts, by a model's own image encoder:
 * cut in the middle to a square, resized, encoded, and projected to rows as the network's attention
 * takes them (Ye et al. 2023, arXiv:2308.06721, section 3.2). Thread-safe.
 */
public final class PromptPictures implements AutoCloseable {
  private static final float HALF_OF_MAX_COLOUR = 127.5f;

  private final InputPictures inputs;
  private final Catalogue catalogue;
  private final SessionSettings settings;
  private final BoundedSessions<ModelPart, ModelSession> sessions;

  /**
   * @param maxBytes how much of image encoders is kept in memory, each counted with its weights in
   *     fp32
   */
  public PromptPictures(
      InputPictures inputs, Catalogue catalogue, SessionSettings settings, long maxBytes) {
    this.inputs = inputs;
    this.catalogue = catalogue;
    this.settings = settings;
    this.sessions = new BoundedSessions<>(maxBytes);
  }

  /**
   * What steers the denoiser in place of texts; of a picture that is named twice it is made once.
   *
   * @param indices of the request's image_prompts
   * @return for each index [1, rows, width]
   * @throws Failure.Rejected when there is no such picture any more (code {@code input_missing}) or
   *     in the request, or the model is not prompted by pictures, or not there
   * @throws Failure.Retryable when the store is away
   * @throws RunStoppedException when stop ended it
   */
  public Map<Integer, FloatTensor> conditionings(
      GenerationRequest request, List<Integer> indices, RunStop stop) {
    Map<String, FloatTensor> ofInputs = new HashMap<>();
    Map<Integer, FloatTensor> conditionings = new HashMap<>();
    for (int index : indices) {
      if (index < 0 || index >= request.getImagePromptsCount()) {
        throw unsupported("there is no such picture to make it from");
      }
      conditionings.put(
          index,
          ofInputs.computeIfAbsent(
              request.getImagePrompts(index).getInput(),
              input -> conditioning(request, input, stop)));
    }
    return conditionings;
  }

  private static Failure.Rejected unsupported(String reason) {
    return new Failure.Rejected("unsupported_request", "The picture cannot be made: " + reason);
  }

  private FloatTensor conditioning(GenerationRequest request, String input, RunStop stop) {
    ModelCard card = catalogue.require(request.getModel());
    if (card.imagePrompt().isEmpty()) {
      throw unsupported("the model makes none from pictures");
    }
    ImageEncoder encoder = card.imageEncoder().orElseThrow();
    FloatTensor sample =
        sample(inputs.read(request.getTenant(), input).fitted(encoder.size(), encoder.size()));
    FloatTensor features = run(card, encoder.model(), Map.of("sample", sample), "features", stop);
    return run(
        card,
        card.imagePrompt().get(),
        Map.of("features", features),
        "encoder_hidden_states",
        stop);
  }

  /** [1, 3, height, width], from 8 bits to -1..1. */
  private static FloatTensor sample(Rgb picture) {
    byte[] planes = picture.planes();
    float[] sample = new float[planes.length];
    for (int i = 0; i < planes.length; i++) {
      sample[i] = Byte.toUnsignedInt(planes[i]) / HALF_OF_MAX_COLOUR - 1;
    }
    return new FloatTensor(new long[] {1, Rgb.COLOURS, picture.height(), picture.width()}, sample);
  }

  private FloatTensor run(
      ModelCard card, String graph, Map<String, FloatTensor> values, String output, RunStop stop) {
    ModelPart part = ModelPart.of(card, graph);
    try (BoundedSessions<ModelPart, ModelSession>.Held held =
        sessions
            .acquire(
                part, part.bytes(), () -> part.verified().open(settings), () -> !stop.stopped())
            .orElseThrow(RunStoppedException::new)) {
      return held.session().run(values, output, stop);
    }
  }

  @Override
  public void close() {
    sessions.close();
  }
}
