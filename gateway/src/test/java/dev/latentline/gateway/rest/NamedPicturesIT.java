package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.startsWith;

import dev.latentline.contract.Topic;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** Requests that name pictures. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
class NamedPicturesIT {
  private static final String NOWHERE = "input_" + "0f".repeat(32);

  @Test
  void aPictureThatSteersIsShownAndPinned() throws Exception {
    String input = send(40);
    ValidatableResponse accepted =
        submit(
                "{\"name\":\"starter-edges\",\"image\":{\"input\":\""
                    + input
                    + "\"},\"preprocessor\":\"canny\",\"weight\":0.8,\"end\":0.5}")
            .statusCode(202)
            .body("request.controls", hasSize(1))
            .body("request.controls[0].name", startsWith("starter-edges@sha256:"))
            .body("request.controls[0].image.input", equalTo(input))
            .body("request.controls[0].preprocessor", equalTo("canny"))
            .body("request.controls[0].weight", equalTo(0.8f))
            .body("request.controls[0].start", equalTo(0.0f))
            .body("request.controls[0].end", equalTo(0.5f));
    String id = accepted.extract().path("id");

    ControlPicture pinned = accepted(id).getControls(0);
    assertThat(pinned.getControlNet().getName()).isEqualTo("starter-edges");
    assertThat(pinned.getControlNet().getDigest()).startsWith("sha256:");
    assertThat(pinned.getInput()).isEqualTo(input.substring("input_".length()));

    canBeSentAgain(id);
  }

  @Test
  void aPictureCanBeAllThatIsSaid() throws Exception {
    String input = send(42);
    String id =
        post("{\"model\":\"starter\",\"image_prompts\":[{\"image\":{\"input\":\""
                + input
                + "\"},\"weight\":0.7}]}")
            .statusCode(202)
            .body("request.prompt", equalTo(""))
            .body("request.image_prompts", hasSize(1))
            .body("request.image_prompts[0].image.input", equalTo(input))
            .body("request.image_prompts[0].weight", equalTo(0.7f))
            .extract()
            .path("id");

    assertThat(accepted(id).getPrompt()).isEmpty();
    assertThat(accepted(id).getImagePromptsList())
        .containsExactly(
            ImagePrompt.newBuilder()
                .setInput(input.substring("input_".length()))
                .setWeight(0.7f)
                .build());
    canBeSentAgain(id);
  }

  @Test
  void aPromptOfMidjourneysBeginsWithItsPictures() throws Exception {
    String input = send(43);
    String id =
        post("{\"model\":\"starter\",\"prompt_syntax\":\"midjourney\",\"prompt\":\""
                + input
                + " a cat --iw 0.5\"}")
            .statusCode(202)
            .body("request.prompt", equalTo(input + " a cat --iw 0.5"))
            .body("request.expanded_prompts", equalTo(List.of(Map.of("prompt", "a cat"))))
            .body("request.image_prompts[0].image.input", equalTo(input))
            .body("request.image_prompts[0].weight", equalTo(0.5f))
            .extract()
            .path("id");

    canBeSentAgain(id);
  }

  @Test
  void aPictureThatWasNeverSentOrIsDeletedCannotBeNamed() throws Exception {
    String input = send(41);
    String there = "{\"name\":\"starter-edges\",\"image\":{\"input\":\"" + input + "\"}}";
    String missing = "{\"name\":\"starter-edges\",\"image\":{\"input\":\"" + NOWHERE + "\"}}";
    submit(there + "," + missing)
        .statusCode(400)
        .contentType("application/problem+json")
        .body("code", equalTo("invalid_request"))
        .body("errors", hasSize(1))
        .body("errors[0].field", equalTo("controls[1].image.input"))
        .body("errors[0].code", equalTo("unknown_input"));

    given().delete("/v1/inputs/" + input).then().statusCode(204);

    submit(there + "," + missing)
        .statusCode(400)
        .body(
            "errors.field", equalTo(List.of("controls[0].image.input", "controls[1].image.input")));
    post("{\"model\":\"starter\",\"image_prompts\":[{\"image\":{\"input\":\""
            + NOWHERE
            + "\"}}],\"controls\":["
            + there
            + "]}")
        .statusCode(400)
        .body(
            "errors.field",
            equalTo(List.of("controls[0].image.input", "image_prompts[0].image.input")));
  }

  @Test
  void whatElseIsWrongIsSaidFirst() {
    submit("{\"name\":\"none\",\"image\":{\"input\":\"" + NOWHERE + "\"}}")
        .statusCode(400)
        .body("errors", hasSize(1))
        .body("errors[0].code", equalTo("unknown_controlnet"))
        .body("errors[0].allowed.values", equalTo(List.of("starter-edges")));
  }

  private static ValidatableResponse submit(String controls) {
    return post(
        "{\"model\":\"starter\",\"prompt\":\"a red apple\",\"controls\":[" + controls + "]}");
  }

  private static ValidatableResponse post(Object body) {
    return given().contentType("application/json").body(body).post("/v1/generations").then();
  }

  private static void canBeSentAgain(String id) {
    Object request = given().get("/v1/generations/" + id).then().extract().path("request");
    post(request).statusCode(202).body("request", equalTo(request));
  }

  /** From its first fact: others' records in the topic need not be readable. */
  private static GenerationRequest accepted(String id) throws Exception {
    return GenerationEvent.parseFrom(
            RecordReader.open()
                .ofGeneration(Topic.GENERATION_EVENT.topicName(), id, 1, Patience.SOON)
                .get(0)
                .value())
        .getAccepted()
        .getRequest();
  }

  /** A picture of its own for each side. */
  private static String send(int side) throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_3BYTE_BGR), "png", file);
    return given()
        .multiPart("picture", "a.png", file.toByteArray())
        .post("/v1/inputs")
        .then()
        .statusCode(201)
        .extract()
        .path("id");
  }
}
