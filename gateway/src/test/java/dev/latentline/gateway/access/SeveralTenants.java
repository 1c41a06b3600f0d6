package dev.latentline.gateway.access;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A gateway with keys, whose tenants may have little: one live connection and two waiting
 * generations each. Webhooks go nowhere near this machine. One profile for all tests with keys,
 * because a gateway of another profile is built and started anew.
 */
public final class SeveralTenants implements QuarkusTestProfile {
  /** The key, of which the file has the SHA-256, is in front. */
  private static final List<String> KEYS =
      List.of(
          "# printf alpha | sha256sum",
          "acme 8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8",
          "# printf beta | sha256sum",
          "other f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753",
          "# printf delta | sha256sum",
          "crowd 4f4a9410ffcdf895c4adb880659e9b5c0dd1f23a30790684340b3eaacb045398",
          "# printf zeta | sha256sum",
          "typist 5cc10d9143b2cff082cf5fb373073b13d02d12c9a4d24a97d822d701404fb421");

  @Override
  public Map<String, String> getConfigOverrides() {
    try {
      Path keys = Files.createTempFile("keys", ".txt");
      keys.toFile().deleteOnExit();
      Files.write(keys, KEYS);
      return Map.of(
          "latentline.keys", keys.toString(),
          "latentline.webhook.allow-loopback", "false",
          "latentline.live.max-connections-per-tenant", "1",
          "latentline.dispatch.max-waiting-per-tenant", "2");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
