package dev.latentline.gateway.input;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.request.Allowed;
import dev.latentline.gateway.request.FieldError;
import java.util.List;
import java.util.Optional;

/** What a client sent is no picture that is taken, or not sent as one. */
public final class UnusablePictureException extends Exception {
  private final transient FieldError error;

  private UnusablePictureException(FieldError error) {
    super(error.message());
    this.error = error;
  }

  private UnusablePictureException(String code, String message, Optional<Allowed> allowed) {
    this(new FieldError(PictureForm.PART, code, message, allowed));
  }

  /** For whoever sent it. */
  public FieldError error() {
    return error;
  }

  /** It has begun as a picture, and goes on as none. */
  static UnusablePictureException broken(String what) {
    return new UnusablePictureException("broken_picture", what, Optional.empty());
  }

  static UnusablePictureException unsupported(String what) {
    return new UnusablePictureException(
        "unsupported_picture",
        what,
        Optional.of(Allowed.oneOf(List.of("image/png", "image/jpeg"))));
  }

  /**
   * @throws UnusablePictureException when the sides that a header says are not taken
   */
  static void checkSize(long width, long height) throws UnusablePictureException {
    if (width < Limits.MIN_INPUT_SIDE || height < Limits.MIN_INPUT_SIDE) {
      throw new UnusablePictureException(
          "out_of_range",
          "Has %d x %d pixels; each side must be at least %d"
              .formatted(width, height, Limits.MIN_INPUT_SIDE),
          Optional.of(Allowed.range(Limits.MIN_INPUT_SIDE, Limits.MAX_INPUT_PIXELS)));
    }
    if (Math.max(width, height) > Limits.MAX_INPUT_PIXELS
        || width * height > Limits.MAX_INPUT_PIXELS) {
      throw new UnusablePictureException(
          "too_many_pixels",
          "Has %d x %d pixels; width x height must be at most %d"
              .formatted(width, height, Limits.MAX_INPUT_PIXELS),
          Optional.of(Allowed.range(0, Limits.MAX_INPUT_PIXELS)));
    }
  }

  static UnusablePictureException tooLarge(long size) {
    return new UnusablePictureException(
        "too_large",
        "Has %d bytes; at most %d are allowed".formatted(size, Limits.MAX_INPUT_BYTES),
        Optional.of(Allowed.range(0, Limits.MAX_INPUT_BYTES)));
  }

  /** The body is no multipart/form-data. */
  static UnusablePictureException noForm(String what) {
    return new UnusablePictureException(new FieldError("", "invalid_form", what));
  }

  static UnusablePictureException missing() {
    return new UnusablePictureException(
        "missing", "Send a PNG or JPEG file as this part", Optional.empty());
  }

  static UnusablePictureException noFile() {
    return new UnusablePictureException(
        "wrong_type", "Must be a file: give the part a filename", Optional.empty());
  }

  static UnusablePictureException severalParts() {
    return new UnusablePictureException(
        new FieldError(
            "",
            "unknown_field",
            "There is no other part than one " + PictureForm.PART,
            Optional.of(Allowed.oneOf(List.of(PictureForm.PART)))));
  }
}
