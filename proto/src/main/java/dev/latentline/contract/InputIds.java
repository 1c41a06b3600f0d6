package dev.latentline.contract;

import java.util.regex.Pattern;

/** Ids of pictures that clients send: {@code input_} and the SHA-256 of the stored file in hex. */
public final class InputIds {
  private static final String PREFIX = "input_";
  private static final Pattern ID = Pattern.compile(PREFIX + "[0-9a-f]{64}");

  private InputIds() {}

  public static boolean isValid(String id) {
    return ID.matcher(id).matches();
  }

  /** Whether one stands somewhere in a text. */
  public static boolean isIn(String text) {
    return ID.matcher(text).find();
  }

  /**
   * @param sha256 64 digits of lower-case hex
   */
  public static String of(String sha256) {
    return PREFIX + sha256;
  }

  /** The digest in a valid id. */
  public static String sha256(String id) {
    return id.substring(PREFIX.length());
  }
}
