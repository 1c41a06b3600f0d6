package dev.latentline.inference.catalogue;

import java.util.List;

/** A catalogue that cannot be used as it is. Names folder, file and key of every problem found. */
public final class InvalidCatalogueException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final List<String> problems;

  public InvalidCatalogueException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}
