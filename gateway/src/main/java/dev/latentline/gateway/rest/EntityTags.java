package dev.latentline.gateway.rest;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** If-None-Match (RFC 9110, section 13.1.2). */
final class EntityTags {
  private static final Pattern TAG = Pattern.compile("(W/)?\"([\\x21\\x23-\\x7e]*)\"");

  private EntityTags() {}

  /** Whether the header names the tag, compared weakly, or any. */
  static boolean match(String header, String tag) {
    if (header == null) {
      return false;
    }
    if (header.strip().equals("*")) {
      return true;
    }
    Matcher matcher = TAG.matcher(header);
    while (matcher.find()) {
      if (matcher.group(2).equals(tag)) {
        return true;
      }
    }
    return false;
  }
}
