package dev.latentline.gateway.expand;

/**
 * Text that is put around or behind prompts, as a style of AUTOMATIC1111's.
 *
 * @param prompt with {@code {prompt}} where the request's goes; without it comes behind it
 * @param negativePrompt the same for the negative prompt
 */
public record Style(String name, String prompt, String negativePrompt) {
  private static final String PLACE = "{prompt}";

  /** The prompt in this style. */
  public String onPrompt(String text) {
    return apply(prompt, text);
  }

  /** The negative prompt in this style. */
  public String onNegativePrompt(String text) {
    return apply(negativePrompt, text);
  }

  private static String apply(String style, String text) {
    if (style.contains(PLACE)) {
      return style.replace(PLACE, text);
    }
    if (style.isBlank()) {
      return text;
    }
    return text.isBlank() ? style.strip() : text.strip() + ", " + style.strip();
  }
}
