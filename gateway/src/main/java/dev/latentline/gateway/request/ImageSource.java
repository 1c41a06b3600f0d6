package dev.latentline.gateway.request;

import dev.latentline.contract.InputIds;
import java.util.List;
import java.util.Optional;

/** A picture that was sent before, as {@code "image": {"input": "input_..."}}. */
final class ImageSource {
  private static final String NAME = "image";

  private ImageSource() {}

  /**
   * Whether it is there is not judged here.
   *
   * @param missing what is said where none is named
   * @return its SHA-256 in hex
   */
  static Optional<String> sha256(Fields fields, String missing) {
    Optional<Fields> image = fields.object(NAME);
    if (image.isEmpty()) {
      if (!fields.has(NAME)) {
        fields.add(NAME, "missing", missing + ", as {\"input\": \"input_...\"}");
      }
      return Optional.empty();
    }
    image.get().refuseAllBut(List.of("input"));
    Optional<String> input = image.get().text("input");
    if (!image.get().has("input")) {
      image.get().add("input", "missing", "Name a picture that was sent to POST /v1/inputs");
    } else if (input.isPresent() && !InputIds.isValid(input.get())) {
      image.get().add("input", "unknown_input", "Is no id that POST /v1/inputs has answered with");
    }
    return input.filter(InputIds::isValid).map(InputIds::sha256);
  }
}
