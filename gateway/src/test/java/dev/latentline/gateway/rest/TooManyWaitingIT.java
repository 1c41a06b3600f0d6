package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import dev.latentline.gateway.access.SeveralTenants;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** crowd has the key delta; no other test knows it, so that what others left does not count. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(SeveralTenants.class)
class TooManyWaitingIT {
  @Inject BlobStore store;

  private final List<String> made = new ArrayList<>();

  @AfterEach
  void cancel() {
    made.forEach(TooManyWaitingIT::cancel);
  }

  @Test
  void beyondTheBoundNothingIsWrittenUntilSomethingHasEnded() {
    String first = accepted(submit("delta", "first"));
    accepted(submit("delta", "second"));

    submit("delta", "third")
        .statusCode(429)
        .contentType("application/problem+json")
        .header("Retry-After", notNullValue())
        .body("code", equalTo("too_many_waiting"))
        .body("retryable", equalTo(true));
    assertThat(store.list("keys/crowd/", "", 100)).hasSize(2);
    submit("delta", "first")
        .statusCode(202)
        .header("Idempotency-Replayed", "true")
        .body("id", equalTo(first));
    given()
        .header("Authorization", "Bearer beta")
        .contentType("application/json")
        .body("{}")
        .post("/v1/generations")
        .then()
        .statusCode(400);

    cancel(first);
    await()
        .atMost(Patience.SOON)
        .until(
            () ->
                given()
                    .header("Authorization", "Bearer delta")
                    .get("/v1/generations/" + first)
                    .path("status")
                    .equals("cancelled"));
    // once its manifest is written, too
    await().atMost(Patience.SOON).untilAsserted(() -> accepted(submit("delta", "third")));
  }

  private String accepted(ValidatableResponse answer) {
    String id = answer.statusCode(202).extract().path("id");
    made.add(id);
    return id;
  }

  private static void cancel(String id) {
    given().header("Authorization", "Bearer delta").post("/v1/generations/" + id + "/cancel");
  }

  private static ValidatableResponse submit(String key, String idempotencyKey) {
    return given()
        .header("Authorization", "Bearer " + key)
        .header("Idempotency-Key", idempotencyKey)
        .contentType("application/json")
        .body("{\"model\":\"starter\",\"prompt\":\"a red apple\"}")
        .post("/v1/generations")
        .then();
  }
}
