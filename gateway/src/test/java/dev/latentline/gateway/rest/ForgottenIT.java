package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.gateway.owner.Manifests;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A gateway that has room for four generations that have ended. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(InputsIT.Impatient.class)
class ForgottenIT {
  @Inject BlobStore store;

  @Test
  void whatIsForgottenIsNotMadeAgain() {
    String key = UUID.randomUUID().toString();
    String id = cancelled(key);
    for (int i = 0; i < 10; i++) {
      cancelled(UUID.randomUUID().toString());
    }

    await()
        .atMost(Patience.SOON)
        .untilAsserted(
            () ->
                given()
                    .get("/v1/generations/" + id)
                    .then()
                    .statusCode(404)
                    .body("code", equalTo("generation_not_found")));
    submit(key).statusCode(409).body("code", equalTo("idempotency_key_expired"));
    given()
        .get("/v1/generations/" + id + "/manifest")
        .then()
        .statusCode(200)
        .body("status", equalTo("cancelled"));
  }

  @Test
  void thePictureOfAForgottenGenerationIsServed() {
    String id = GenerationIds.create(System.currentTimeMillis(), new Random());
    byte[] picture = "any bytes".getBytes(StandardCharsets.UTF_8);
    String path = ObjectKeys.image("default", id, 0, "png");
    GenerationEvent.Builder stored = TestFacts.stored(0).toBuilder();
    stored
        .getStoredBuilder()
        .setKey(path)
        .setSizeBytes(picture.length)
        .setSha256(Sha256.hex(picture));
    store.put(path, picture, "image/png");
    store.put(
        ObjectKeys.manifest("default", id),
        Manifests.of(
            TestFacts.after(
                TestFacts.request(2).setGenerationId(id).build(),
                stored.build(),
                TestFacts.failed("partial"))),
        "application/json");

    String images = "/v1/generations/" + id + "/images/";
    given()
        .get(images + 0)
        .then()
        .statusCode(200)
        .contentType("image/png")
        .header("ETag", "\"" + Sha256.hex(picture) + "\"")
        .body(equalTo("any bytes"));
    for (String missing : new String[] {"1", "2", "-1"}) {
      given().get(images + missing).then().statusCode(404).body("code", equalTo("image_not_found"));
    }
  }

  private static String cancelled(String key) {
    String id = submit(key).statusCode(202).extract().path("id");
    given().post("/v1/generations/" + id + "/cancel");
    return id;
  }

  private static ValidatableResponse submit(String key) {
    return given()
        .header("Idempotency-Key", key)
        .contentType("application/json")
        .body("{\"model\":\"starter\",\"prompt\":\"a red apple\"}")
        .post("/v1/generations")
        .then();
  }
}
