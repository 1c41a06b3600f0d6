package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import dev.latentline.kit.blob.BlobStore;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tenants that no other test knows, so that what others left does not count. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(TooManyWaitingIT.TwoEach.class)
class TooManyWaitingIT {
  /** crowd has the key alpha, quiet the key beta. */
  public static final class TwoEach implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Path keys = Files.createTempFile("keys", ".txt");
        keys.toFile().deleteOnExit();
        Files.write(
            keys,
            List.of(
                "crowd 8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8",
                "quiet f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753"));
        return Map.of(
            "latentline.keys", keys.toString(), "latentline.dispatch.max-waiting-per-tenant", "2");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Inject BlobStore store;

  private final List<String> made = new ArrayList<>();

  @AfterEach
  void cancel() {
    made.forEach(TooManyWaitingIT::cancel);
  }

  @Test
  void beyondTheBoundNothingIsWrittenUntilSomethingHasEnded() {
    String first = accepted(submit("alpha", "first"));
    accepted(submit("alpha", "second"));

    submit("alpha", "third")
        .statusCode(429)
        .contentType("application/problem+json")
        .header("Retry-After", notNullValue())
        .body("code", equalTo("too_many_waiting"))
        .body("retryable", equalTo(true));
    assertThat(store.list("keys/crowd/", "", 100)).hasSize(2);
    submit("alpha", "first")
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
                    .header("Authorization", "Bearer alpha")
                    .get("/v1/generations/" + first)
                    .path("status")
                    .equals("cancelled"));
    accepted(submit("alpha", "third"));
  }

  private String accepted(ValidatableResponse answer) {
    String id = answer.statusCode(202).extract().path("id");
    made.add(id);
    return id;
  }

  private static void cancel(String id) {
    given().header("Authorization", "Bearer alpha").post("/v1/generations/" + id + "/cancel");
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
