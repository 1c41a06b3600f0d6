package dev.latentline.encoder.text;

import dev.latentline.contract.Emphasis;
import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.GenerationRequest;

/**
 * How the texts of a request are encoded.
 *
 * @param emphasis what weights of tokens do
 * @param clipSkip which of the last layers' states are used, from 1
 */
public record TextOptions(Emphasis emphasis, int clipSkip) {

  /**
   * @throws Failure.Rejected with code {@code unsupported_prompt} when there is no such emphasis
   */
  public static TextOptions of(GenerationRequest request) {
    // no emphasis where nothing was read as a weight
    Emphasis emphasis =
        request.getEmphasis().isEmpty()
            ? Emphasis.NONE
            : Emphasis.byId(request.getEmphasis())
                .orElseThrow(
                    () ->
                        new Failure.Rejected(
                            "unsupported_prompt", "The emphasis is not known here"));
    return new TextOptions(emphasis, Math.max(1, request.getClipSkip()));
  }
}
