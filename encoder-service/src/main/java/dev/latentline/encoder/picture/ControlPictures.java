package dev.latentline.encoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Preprocessor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Tensor;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/**
 * The pictures that a request's ControlNets see: those that the client sent, cut in the middle to
 * the shape of the picture that is made, and resized to it.
 */
@ApplicationScoped
public class ControlPictures {
  private final InputPictures inputs;

  ControlPictures(InputPictures inputs) {
    this.inputs = inputs;
  }

  /**
   * One for each of the request's controls, [1, 3, height, width], uint8.
   *
   * @throws Failure.Rejected when one was deleted, with code {@code input_missing}, or cannot be
   *     used
   * @throws Failure.Retryable when the store is away
   */
  public List<Tensor> of(GenerationRequest request) {
    return request.getControlsList().stream()
        .map(control -> seen(request, control))
        .map(
            seen ->
                TensorRecords.toUint8(
                    seen.planes(), 1, Rgb.COLOURS, request.getHeight(), request.getWidth()))
        .toList();
  }

  private Rgb seen(GenerationRequest request, ControlPicture control) {
    Rgb fitted =
        inputs
            .read(request.getTenant(), control.getInput())
            .fitted(request.getWidth(), request.getHeight());
    Preprocessor preprocessor =
        control.getPreprocessor().isEmpty()
            ? Preprocessor.NONE
            : Preprocessor.byId(control.getPreprocessor())
                .orElseThrow(
                    () ->
                        new Failure.Rejected(
                            "unsupported_request",
                            "The picture cannot be made: the preprocessor is not known here"));
    return switch (preprocessor) {
      case NONE -> fitted;
      case CANNY -> Canny.edges(fitted);
    };
  }
}
