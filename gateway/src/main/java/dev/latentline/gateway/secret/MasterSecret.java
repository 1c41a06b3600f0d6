package dev.latentline.gateway.secret;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The installation's secret. Nothing uses it but by a key derived for one purpose. Immutable. */
public final class MasterSecret {
  private static final int MIN_CHARS = 32;
  private static final int KEY_BYTES = 32;

  private final byte[] secret;

  /**
   * @param configured at least 32 characters
   * @throws IllegalStateException saying what to set, when it is shorter
   */
  public MasterSecret(String configured) {
    if (configured.length() < MIN_CHARS) {
      throw new IllegalStateException(
          "set LATENTLINE_MASTER_SECRET to at least "
              + MIN_CHARS
              + " random characters (openssl rand -hex 32), the same for every gateway");
    }
    secret = configured.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A key of 32 bytes, always the same for the same arguments.
   *
   * @param purpose what it is for: keys of two purposes have nothing to do with each other
   * @param owners whose it is, such as a tenant
   */
  public byte[] derive(String purpose, String... owners) {
    return Hkdf.derive(secret, new byte[0], info(purpose, owners), KEY_BYTES);
  }

  /** Each part with its length, so that no two lists look the same. */
  private static byte[] info(String purpose, String[] owners) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeUTF(purpose);
      for (String owner : owners) {
        out.writeUTF(owner);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
