package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.latentline.gateway.access.SeveralTenants;
import dev.latentline.testkit.LatentlineStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** acme has the key alpha, other the key beta. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(SeveralTenants.class)
class KeysIT {
  private static final List<String> ROUTES =
      List.of(
          "GET /v1/models",
          "GET /v1/models/starter",
          "GET /v1/webhook_endpoints/default",
          "POST /v1/generations",
          "POST /v1/prompts:analyze",
          "GET /v1/generations/ID",
          "GET /v1/generations/ID/images/0",
          "GET /v1/generations/ID/manifest",
          "GET /v1/generations/ID/events",
          "POST /v1/generations/ID/cancel",
          "POST /v1/inputs",
          "GET /v1/inputs/input_0",
          "DELETE /v1/inputs/input_0",
          "GET /v1/nothing",
          "GET /");

  @Test
  void withoutAKeyNothingIsServedAndEveryAnswerIsTheSame() {
    for (String route : ROUTES) {
      for (String authorization :
          new String[] {
            null, "", "Bearer", "Bearer gamma", "bearer ALPHA", "Basic YWxwaGE6", "alpha"
          }) {
        RequestSpecification request = given();
        if (authorization != null) {
          request.header("Authorization", authorization);
        }
        String[] parts = route.split(" ");
        String body =
            request
                .request(parts[0], parts[1].replace("ID", "gen_019ab3f0c0de7abc8123456789abcdef"))
                .then()
                .statusCode(401)
                .contentType("application/problem+json")
                .header("WWW-Authenticate", "Bearer realm=\"latentline\"")
                .body("code", equalTo("unauthorized"))
                .extract()
                .asString();
        assertThat(body).doesNotContain("alpha", "gamma");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "http://127.0.0.1:9/",
        "https://[::ffff:127.0.0.1]/"
      })
  void aWebhookToThisMachineIsRefused(String url) {
    String body =
        given()
            .header("Authorization", "Bearer alpha")
            .contentType("application/json")
            .body("{\"model\":\"starter\",\"prompt\":\"x\",\"webhook\":{\"url\":\"" + url + "\"}}")
            .post("/v1/generations")
            .then()
            .statusCode(400)
            .body("code", equalTo("invalid_request"))
            .body("errors[0].field", equalTo("webhook.url"))
            .extract()
            .asString();
    assertThat(body).doesNotContain(url);
  }

  @Test
  void aKeyInTheQueryIsNone() {
    given().get("/v1/models?key=alpha&access_token=alpha").then().statusCode(401);
  }

  @Test
  void withAKeyAnyHostIsServed() {
    as("alpha").header("Host", "images.example.com").get("/v1/models").then().statusCode(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/q/health/live", "/q/health/ready", "/q/openapi"})
  void healthAndDescriptionNeedNoKey(String path) {
    given().get(path).then().statusCode(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/q/../v1/models", "/q/%2e%2e/v1/models", "//v1/models", "/q//../v1/models"})
  void noOtherWritingOfAPathLeadsPastTheKey(String path) {
    int status = given().urlEncodingEnabled(false).get(path).statusCode();
    assertThat(status).isIn(401, 404);
  }

  @Test
  void anotherTenantsGenerationIsNotThere() {
    String id =
        as("alpha")
            .contentType("application/json")
            .body("{\"model\":\"starter\",\"prompt\":\"a red apple\"}")
            .post("/v1/generations")
            .then()
            .statusCode(202)
            .extract()
            .path("id");
    as("alpha").get("/v1/generations/" + id).then().statusCode(200);

    for (String route : ROUTES) {
      if (route.contains("ID")) {
        String[] parts = route.split(" ");
        String theirs =
            as("beta")
                .request(parts[0], parts[1].replace("ID", id))
                .then()
                .statusCode(404)
                .extract()
                .asString();
        String nobodys =
            as("beta")
                .request(parts[0], parts[1].replace("ID", "gen_019ab3f0c0de7abc8123456789abcdef"))
                .then()
                .statusCode(404)
                .extract()
                .asString();
        assertThat(theirs).isEqualTo(nobodys);
      }
    }
    String status = as("alpha").get("/v1/generations/" + id).then().extract().path("status");
    assertThat(status).isNotEqualTo("cancelled");
  }

  @Test
  void anotherTenantsPictureIsNotThere() throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(32, 32, BufferedImage.TYPE_3BYTE_BGR), "png", file);
    String path =
        as("alpha")
            .multiPart("picture", "black.png", file.toByteArray())
            .post("/v1/inputs")
            .then()
            .statusCode(201)
            .extract()
            .path("url");

    as("beta").get(path).then().statusCode(404).body("code", equalTo("input_not_found"));
    as("beta").delete(path).then().statusCode(404).body("code", equalTo("input_not_found"));
    String steered =
        "{\"model\":\"starter\",\"prompt\":\"x\",\"controls\":[{\"name\":\"starter-edges\","
            + "\"image\":{\"input\":\""
            + path.substring(path.lastIndexOf('/') + 1)
            + "\"}}]}";
    as("beta")
        .contentType("application/json")
        .body(steered)
        .post("/v1/generations")
        .then()
        .statusCode(400)
        .body("errors[0].code", equalTo("unknown_input"));
    as("alpha")
        .contentType("application/json")
        .body(steered)
        .post("/v1/generations")
        .then()
        .statusCode(202);
    as("alpha").get(path).then().statusCode(200);
  }

  @Test
  void eachTenantHasASecretOfItsOwn() {
    assertThat(secret("alpha")).isNotEqualTo(secret("beta")).isEqualTo(secret("alpha"));
  }

  private static String secret(String key) {
    return as(key).get("/v1/webhook_endpoints/default").then().extract().path("secret");
  }

  private static RequestSpecification as(String key) {
    return given().header("Authorization", "Bearer " + key);
  }
}
