package dev.latentline.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How prompts are read, by the names in the API and in records. */
public enum PromptSyntax {
  /** Every character is text. */
  PLAIN("plain"),
  /** AUTOMATIC1111's: weights, chunks and what else its users write into prompts. */
  A1111("a1111"),
  /** Midjourney's: several prompts with weights, and parameters behind them. */
  MIDJOURNEY("midjourney");

  private final String id;

  PromptSyntax(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }

  public static Optional<PromptSyntax> byId(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst();
  }

  public static List<String> ids() {
    return Arrays.stream(values()).map(PromptSyntax::id).toList();
  }
}
