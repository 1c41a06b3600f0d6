package dev.latentline.gateway.access;

import dev.latentline.contract.Limits;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The keys of all tenants, as their SHA-256: a key has enough randomness of its own, so that
 * neither salt nor a slow hash is needed. Immutable.
 */
final class KeyFile {
  private static final Pattern TENANT = Pattern.compile(Limits.NAME_PATTERN);
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private record Entry(String tenant, byte[] sha256) {}

  private final List<Entry> entries;

  private KeyFile(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * Reads lines of {@code tenant sha256-in-hex}; empty lines and those that begin with # are for
   * people. A tenant may have several keys.
   *
   * @throws IllegalArgumentException naming the line that is wrong, and not its content
   */
  static KeyFile parse(List<String> lines) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split("\\s+");
      if (parts.length != 2
          || !TENANT.matcher(parts[0]).matches()
          || !SHA256.matcher(parts[1]).matches()) {
        throw new IllegalArgumentException(
            "line "
                + (i + 1)
                + " of the keys file is not a tenant ("
                + Limits.NAME_PATTERN
                + ") and the SHA-256 of a key in 64 lower-case hex digits");
      }
      entries.add(new Entry(parts[0], HexFormat.of().parseHex(parts[1])));
    }
    if (entries.isEmpty()) {
      throw new IllegalArgumentException(
          "the keys file has no key: add a line, or leave latentline.keys unset");
    }
    return new KeyFile(List.copyOf(entries));
  }

  /** The tenant of a key, in the same time whether or not there is one. */
  Optional<String> tenantOf(String key) {
    byte[] sha256 = sha256(key);
    String tenant = null;
    for (Entry entry : entries) {
      if (MessageDigest.isEqual(entry.sha256(), sha256)) {
        tenant = entry.tenant();
      }
    }
    return Optional.ofNullable(tenant);
  }

  private static byte[] sha256(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
