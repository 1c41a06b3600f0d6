package dev.latentline.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(LiveKeysIT.OneConnectionEach.class)
class LiveKeysIT {
  /** typist has the key alpha, other the key beta; each may have one connection. */
  public static final class OneConnectionEach implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Path keys = Files.createTempFile("keys", ".txt");
        keys.toFile().deleteOnExit();
        Files.write(
            keys,
            List.of(
                "typist 8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8",
                "other f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753"));
        return Map.of(
            "latentline.keys", keys.toString(), "latentline.live.max-connections-per-tenant", "1");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final String ALPHA = "latentline.key.YWxwaGE";
  private static final String BETA = "latentline.key.YmV0YQ";

  @Test
  void aKeyIsBroughtByHeaderOrAsSubprotocol() {
    assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL)).isEqualTo(401);
    assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL, "latentline.key.Z2FtbWE"))
        .isEqualTo(401);
    assertThat(LiveClient.status(Map.of("Authorization", "Bearer gamma"), ALPHA))
        .as("a header that is wrong is not made good")
        .isEqualTo(401);
    try (LiveClient client = open(Map.of("Authorization", "Bearer beta"))) {
      assertThat(client.subprotocol()).isEmpty();
    }
    try (LiveClient client = open(Map.of(), LiveClient.PROTOCOL, ALPHA)) {
      assertThat(client.subprotocol()).isEqualTo(LiveClient.PROTOCOL);
    }
  }

  @Test
  void aTenantHasAsManyConnectionsAsItMay() {
    try (LiveClient first = open(Map.of(), LiveClient.PROTOCOL, ALPHA)) {
      assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL, ALPHA)).isEqualTo(429);
      open(Map.of(), LiveClient.PROTOCOL, BETA).close();
      first.prompt(1, "still open");
    }
    open(Map.of(), LiveClient.PROTOCOL, ALPHA).close();
  }

  /** The gateway hears a little later that the one before is closed. */
  private static LiveClient open(Map<String, String> headers, String... protocols) {
    return await()
        .atMost(Patience.SOON)
        .ignoreExceptions()
        .until(() -> LiveClient.open(headers, protocols), client -> true);
  }

  @Test
  void thePageNeedsNoKeyAndNothingElseDoesWithout() {
    RestAssured.given().get("/live/").then().statusCode(200);
    RestAssured.given().get("/live/live.js").then().statusCode(200);
    for (String path : List.of("/live/other", "/live/../v1/models", "/livery", "/live/live.js/x")) {
      assertThat(RestAssured.given().urlEncodingEnabled(false).get(path).statusCode())
          .as(path)
          .isIn(401, 404);
    }
  }
}
