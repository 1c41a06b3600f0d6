package dev.latentline.contract;

import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Ids of generations: {@code gen_} and a UUIDv7 (RFC 9562, section 5.7) in hex without dashes. */
public final class GenerationIds {
  private static final Pattern ID =
      Pattern.compile("gen_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}");

  private GenerationIds() {}

  public static boolean isValid(String id) {
    return ID.matcher(id).matches();
  }

  /**
   * A new id.
   *
   * @param unixMillis the time that the id sorts by
   * @param random 74 bits are drawn from it; cryptographically strong where ids must not be guessed
   */
  public static String create(long unixMillis, RandomGenerator random) {
    long high = (unixMillis << 16) | 0x7000L | (random.nextLong() & 0x0fffL);
    long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return "gen_" + hex(high) + hex(low);
  }

  /** When a valid id was made, in Unix milliseconds. */
  public static long createdAtMs(String id) {
    return Long.parseLong(id, 4, 16, 16);
  }

  private static String hex(long value) {
    return String.format("%016x", value);
  }
}
