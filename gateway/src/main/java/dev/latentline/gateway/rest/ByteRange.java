package dev.latentline.gateway.rest;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One range of bytes (RFC 9110, section 14.1.2), both ends in it.
 *
 * @param first -1 when nothing of the range is there
 */
record ByteRange(int first, int last) {
  private static final Pattern ONE = Pattern.compile("bytes=\\s*(\\d{0,18})-(\\d{0,18})\\s*");

  boolean satisfiable() {
    return first >= 0;
  }

  /** Empty when the header asks for no range, for several, or for something else: all is sent. */
  static Optional<ByteRange> parse(String header, int size) {
    Matcher matcher = ONE.matcher(header == null ? "" : header);
    if (!matcher.matches() || (matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
      return Optional.empty();
    }
    if (matcher.group(1).isEmpty()) {
      long suffix = Long.parseLong(matcher.group(2));
      return Optional.of(
          suffix == 0 || size == 0
              ? new ByteRange(-1, -1)
              : new ByteRange((int) Math.max(0, size - suffix), size - 1));
    }
    long first = Long.parseLong(matcher.group(1));
    long last = matcher.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(matcher.group(2));
    if (last < first) {
      return Optional.empty();
    }
    return Optional.of(
        first >= size
            ? new ByteRange(-1, -1)
            : new ByteRange((int) first, (int) Math.min(last, size - 1)));
  }
}
