package dev.latentline.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.gateway.access.SeveralTenants;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** typist has the key zeta, other the key beta; each may have one connection. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(SeveralTenants.class)
class LiveKeysIT {
  private static final String ZETA = "latentline.key.emV0YQ";
  private static final String BETA = "latentline.key.YmV0YQ";

  @Test
  void aKeyIsBroughtByHeaderOrAsSubprotocol() {
    assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL)).isEqualTo(401);
    assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL, "latentline.key.Z2FtbWE"))
        .isEqualTo(401);
    assertThat(LiveClient.status(Map.of("Authorization", "Bearer gamma"), ZETA))
        .as("a header that is wrong is not made good")
        .isEqualTo(401);
    try (LiveClient client = open(Map.of("Authorization", "Bearer beta"))) {
      assertThat(client.subprotocol()).isEmpty();
    }
    try (LiveClient client = open(Map.of(), LiveClient.PROTOCOL, ZETA)) {
      assertThat(client.subprotocol()).isEqualTo(LiveClient.PROTOCOL);
    }
  }

  @Test
  void aTenantHasAsManyConnectionsAsItMay() {
    try (LiveClient first = open(Map.of(), LiveClient.PROTOCOL, ZETA)) {
      assertThat(LiveClient.status(Map.of(), LiveClient.PROTOCOL, ZETA)).isEqualTo(429);
      open(Map.of(), LiveClient.PROTOCOL, BETA).close();
      first.prompt(1, "still open");
    }
    open(Map.of(), LiveClient.PROTOCOL, ZETA).close();
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
