package dev.latentline.gateway.request;

import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;

/** What a body turned out to be. */
public sealed interface Validated {
  /** Complete: nothing is left to default. */
  record Valid(GenerationRequest request) implements Validated {}

  /** Everything that is wrong, at least one thing. */
  record Invalid(List<FieldError> errors) implements Validated {
    public Invalid {
      errors = List.copyOf(errors);
    }
  }
}
