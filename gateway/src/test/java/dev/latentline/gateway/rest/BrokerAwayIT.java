package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.notNullValue;

import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.TestStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import org.junit.jupiter.api.Test;

/** A profile of its own, so that no other test uses this gateway. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(BrokerAwayIT.OfItsOwn.class)
class BrokerAwayIT {
  /** Nothing else. */
  public static final class OfItsOwn implements QuarkusTestProfile {}

  @Test
  void withoutTheBrokerWhatIsKnownIsServedAndTheRestMayBeTriedAgain() {
    String id = submit("a red apple").then().statusCode(202).extract().path("id");
    TestStack.shared().killBroker();
    try {
      submit("a green apple")
          .then()
          .statusCode(503)
          .contentType("application/problem+json")
          .header("Retry-After", notNullValue())
          .body("code", equalTo("broker_unavailable"))
          .body("retryable", equalTo(true))
          .time(lessThan(15_000L));
      given()
          .get("/v1/generations/gen_019ab3f0c0de7abc8123456789abcdef")
          .then()
          .statusCode(503)
          .header("Retry-After", notNullValue())
          .body("retryable", equalTo(true))
          .time(lessThan(2_500L));
      given().get("/v1/generations/" + id).then().statusCode(200).body("id", equalTo(id));
      given().get("/v1/models").then().statusCode(200);
      assertThat(submit("").statusCode()).isEqualTo(400);
    } finally {
      TestStack.shared().startBroker();
    }
    await()
        .atMost(Patience.SOON)
        .ignoreExceptions()
        .until(() -> submit("a yellow apple").statusCode() == 202);
  }

  private static Response submit(String prompt) {
    return given()
        .contentType("application/json")
        .body("{\"model\":\"starter\",\"prompt\":\"" + prompt + "\"}")
        .post("/v1/generations");
  }
}
