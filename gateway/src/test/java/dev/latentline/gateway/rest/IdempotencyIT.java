package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.HeaderNames;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.gateway.idempotency.Claim;
import dev.latentline.gateway.idempotency.IdempotencyKeys;
import dev.latentline.gateway.line.Generations;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
class IdempotencyIT {
  private static final String BODY = "{\"model\":\"starter\",\"prompt\":\"a red apple\"}";
  private static final String TENANT = "default";

  @Inject BlobStore store;
  @Inject IdempotencyKeys keys;
  @Inject Generations generations;

  private final String key = UUID.randomUUID().toString();
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  /** What nobody makes would hold the window of its pool. */
  @AfterEach
  void cancel() {
    made.forEach(id -> given().post("/v1/generations/" + id + "/cancel"));
  }

  @Test
  void theSameRequestWithTheSameKeyMakesOneGeneration() {
    String first = submit(BODY).header("Idempotency-Replayed", nullValue()).extract().path("id");
    ValidatableResponse again = submit(BODY).header("Idempotency-Replayed", "true");

    assertThat(again.extract().<String>path("id")).isEqualTo(first);
    again.header("Location", equalTo("/v1/generations/" + first));
    assertThat(accepted(first)).isEqualTo(1);
  }

  @Test
  void requestsThatComeTogetherMakeOneGeneration() throws Exception {
    int clients = 8;
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        answers.add(threads.submit(() -> submit(BODY).extract().path("id")));
      }
      Set<String> ids = new HashSet<>();
      for (Future<String> answer : answers) {
        ids.add(answer.get());
      }
      assertThat(ids).hasSize(1);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void anotherRequestWithTheSameKeyIsRefused() {
    submit(BODY);

    given()
        .contentType("application/json")
        .header("Idempotency-Key", key)
        .body(BODY.replace("red", "green"))
        .post("/v1/generations")
        .then()
        .statusCode(409)
        .contentType("application/problem+json")
        .body("code", equalTo("idempotency_key_reused"))
        .body("retryable", equalTo(false));
  }

  @Test
  void aKeyWhoseFirstRequestDiedBeforeItWasAcceptedMakesThatGeneration() {
    String claimed = newId(System.currentTimeMillis());
    Claim claim = keys.claim(TENANT, key, BODY.getBytes(StandardCharsets.UTF_8), claimed);
    assertThat(claim).isInstanceOf(Claim.First.class);

    assertThat(submit(BODY).extract().<String>path("id")).isEqualTo(claimed);
    assertThat(submit(BODY).extract().<String>path("id")).isEqualTo(claimed);
    assertThat(accepted(claimed)).isEqualTo(1);
  }

  @Test
  void whatWasAcceptedIsAnsweredAgainWhateverItsBodyIsWorthNow() {
    for (String body : nowWrong()) {
      String id = newId(System.currentTimeMillis());
      keys.claim(TENANT, key + id, body.getBytes(StandardCharsets.UTF_8), id);
      long now = System.currentTimeMillis();
      generations.accept(
          TestFacts.request(1)
              .setGenerationId(id)
              .setTenant(TENANT)
              .setAcceptedAtMs(now)
              .setDeadlineMs(now + 600_000)
              .build());
      made.add(id);

      send(key + id, body)
          .statusCode(202)
          .header("Idempotency-Replayed", "true")
          .body("id", equalTo(id));
      send(key + id, body + " ").statusCode(409).body("code", equalTo("idempotency_key_reused"));
      assertThat(accepted(id)).isEqualTo(1);
    }
  }

  @Test
  void whatWasNotAcceptedIsJudgedAgain() {
    for (String body : nowWrong()) {
      String id = newId(System.currentTimeMillis());
      keys.claim(TENANT, key + id, body.getBytes(StandardCharsets.UTF_8), id);

      send(key + id, body).statusCode(400).body("code", equalTo("invalid_request"));
    }
  }

  /** A model that left the catalogue, and a webhook whose name has no address any more. */
  private static List<String> nowWrong() {
    return List.of(
        BODY.replace("starter", "gone"),
        BODY.replace("}", ",\"webhook\":{\"url\":\"https://nobody.invalid/\"}}"));
  }

  @Test
  void aRequestThatIsWrongClaimsNoKey() {
    send(key, BODY.replace("starter", "gone")).statusCode(400);

    submit(BODY).header("Idempotency-Replayed", nullValue());
  }

  @Test
  void aKeyOfAGenerationThatIsForgottenMakesNoOther() {
    long longAgo = System.currentTimeMillis() - Topic.WORK_RETENTION.plusMinutes(1).toMillis();
    keys.claim(TENANT, key, BODY.getBytes(StandardCharsets.UTF_8), newId(longAgo));

    given()
        .contentType("application/json")
        .header("Idempotency-Key", key)
        .body(BODY)
        .post("/v1/generations")
        .then()
        .statusCode(409)
        .body("code", equalTo("idempotency_key_expired"));
  }

  @Test
  void aKeyOfOneTenantIsNoneOfAnothers() {
    String first = newId(System.currentTimeMillis());
    String second = newId(System.currentTimeMillis());
    byte[] body = BODY.getBytes(StandardCharsets.UTF_8);

    assertThat(keys.claim("acme", key, body, first)).isInstanceOf(Claim.First.class);
    assertThat(keys.claim("other", key, body, second)).isInstanceOf(Claim.First.class);
    assertThat(keys.claim("acme", key, body, second)).isEqualTo(new Claim.Replay(first));
  }

  @Test
  void theStoreDoesNotShowTheKey() {
    submit(BODY);

    List<String> names = store.list("keys/" + TENANT + "/", "", 1000);
    assertThat(names).isNotEmpty().noneMatch(name -> name.contains(key));
    assertThat(names).allMatch(name -> name.matches("keys/default/[0-9a-f]{64}"));
    assertThat(ObjectKeys.idempotencyKey(TENANT, "x")).isEqualTo("keys/default/x");
  }

  @ParameterizedTest
  @MethodSource("noKeys")
  void aKeyThatIsNoneIsRefusedByItsName(List<String> none) {
    given()
        .contentType("application/json")
        .header("Idempotency-Key", none.get(0), none.subList(1, none.size()).toArray())
        .body(BODY)
        .post("/v1/generations")
        .then()
        .statusCode(400)
        .body("code", equalTo("invalid_request"))
        .body("errors[0].field", equalTo("Idempotency-Key"));
  }

  static List<List<String>> noKeys() {
    return List.of(
        List.of("two words"), List.of("ümlaut"), List.of("k".repeat(256)), List.of("one", "two"));
  }

  private static ValidatableResponse send(String key, String body) {
    return given()
        .contentType("application/json")
        .header("Idempotency-Key", key)
        .body(body)
        .post("/v1/generations")
        .then();
  }

  private ValidatableResponse submit(String body) {
    ValidatableResponse answer = send(key, body).statusCode(202);
    made.add(answer.extract().path("id"));
    return answer;
  }

  /** How often the log says that the generation was accepted. */
  private static long accepted(String id) {
    return RecordReader.open()
        .read(
            Topic.GENERATION_EVENT.topicName(),
            record -> id.equals(RecordReader.header(record, HeaderNames.GENERATION_ID)),
            found -> found.stream().anyMatch(record -> isAccepted(record.value())),
            Patience.SOON)
        .stream()
        .filter(record -> isAccepted(record.value()))
        .collect(Collectors.counting());
  }

  private static boolean isAccepted(byte[] value) {
    try {
      return GenerationEvent.parseFrom(value).hasAccepted();
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      return false;
    }
  }

  private static String newId(long atMs) {
    return GenerationIds.create(atMs, ThreadLocalRandom.current());
  }
}
