package dev.latentline.gateway.expand;

/** A template cannot be read, or becomes too much. */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code stable, snake_case: {@code invalid_choice}, {@code unknown_wildcard}, {@code
   *     too_many} or {@code too_long}
   * @param message for people; says what to do
   */
  TemplateException(String code, String message) {
    super(message);
    this.code = code;
  }

  public String code() {
    return code;
  }
}
