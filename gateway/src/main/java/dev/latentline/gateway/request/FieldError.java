package dev.latentline.gateway.request;

import java.util.Optional;

/**
 * One thing that is wrong with a request.
 *
 * @param field its path, {@code webhook.url} or {@code webhook.events[1]}; empty for the whole body
 * @param code stable, snake_case: one of {@code missing}, {@code wrong_type}, {@code empty}, {@code
 *     too_long}, {@code too_many}, {@code invalid_text}, {@code out_of_range}, {@code
 *     not_a_multiple}, {@code too_many_pixels}, {@code not_allowed}, {@code not_applicable}, {@code
 *     not_live}, {@code unknown_field}, {@code unknown_model}, {@code unknown_lora}, {@code
 *     lora_unfit}, {@code unknown_controlnet}, {@code controlnet_unfit}, {@code unknown_input},
 *     {@code invalid_tag}, {@code unknown_wildcard}, {@code unknown_style}, {@code invalid_choice},
 *     {@code invalid_parameter}, {@code unsupported_parameter}, {@code contradiction}, {@code
 *     upscaler_unavailable}, {@code unknown_upscaler}, {@code upscaler_unfit}, {@code duplicate},
 *     {@code invalid_url}, {@code address_refused}, {@code name_not_resolved}, {@code
 *     invalid_utf8}, {@code invalid_json}, {@code too_deep}, {@code too_large}
 * @param message for people; says what to do, repeats no value but a name that is not known, and
 *     the name of a tag in a prompt
 */
public record FieldError(String field, String code, String message, Optional<Allowed> allowed) {
  public FieldError(String field, String code, String message) {
    this(field, code, message, Optional.empty());
  }
}
