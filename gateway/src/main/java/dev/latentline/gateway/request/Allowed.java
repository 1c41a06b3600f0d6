package dev.latentline.gateway.request;

import java.util.List;
import java.util.Optional;

/**
 * What would have been accepted: a list of values, or a range with both ends in it.
 *
 * @param values strings or numbers; empty where there is no list
 * @param multipleOf for a range of which only multiples are accepted
 */
public record Allowed(
    List<Object> values, Optional<Number> min, Optional<Number> max, Optional<Number> multipleOf) {

  public Allowed {
    values = List.copyOf(values);
  }

  public static Allowed oneOf(List<String> values) {
    return new Allowed(List.copyOf(values), Optional.empty(), Optional.empty(), Optional.empty());
  }

  static Allowed numbers(List<Integer> values) {
    return new Allowed(List.copyOf(values), Optional.empty(), Optional.empty(), Optional.empty());
  }

  public static Allowed range(Number min, Number max) {
    return new Allowed(List.of(), Optional.of(min), Optional.of(max), Optional.empty());
  }

  static Allowed multiples(Number min, Number max, Number of) {
    return new Allowed(List.of(), Optional.of(min), Optional.of(max), Optional.of(of));
  }
}
