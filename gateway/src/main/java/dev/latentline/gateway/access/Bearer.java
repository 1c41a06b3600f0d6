package dev.latentline.gateway.access;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The key in an Authorization header (RFC 6750, section 2.1). */
final class Bearer {
  static final String KEY = "[A-Za-z0-9._~+/-]{1,512}=*";
  private static final Pattern HEADER =
      Pattern.compile("Bearer +(" + KEY + ")", Pattern.CASE_INSENSITIVE);

  private Bearer() {}

  static Optional<String> key(String header) {
    if (header == null) {
      return Optional.empty();
    }
    Matcher matcher = HEADER.matcher(header.strip());
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
