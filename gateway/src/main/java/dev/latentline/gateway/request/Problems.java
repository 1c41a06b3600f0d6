package dev.latentline.gateway.request;

import java.util.ArrayList;
import java.util.List;

/** The errors found so far; a hostile body does not make a long answer. */
final class Problems {
  static final int MAX_ERRORS = 50;
  private final List<FieldError> errors = new ArrayList<>();

  void add(FieldError error) {
    if (errors.size() < MAX_ERRORS) {
      errors.add(error);
    }
  }

  List<FieldError> all() {
    return List.copyOf(errors);
  }
}
