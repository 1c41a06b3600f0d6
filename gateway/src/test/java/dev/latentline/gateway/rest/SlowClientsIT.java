package dev.latentline.gateway.rest;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that send or take a byte now and then. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@TestProfile(InputsIT.Impatient.class)
class SlowClientsIT {
  /** More than the buffers of two sockets hold. */
  private static final int SIZE = 40_000_000;

  @Inject BlobStore store;

  @Test
  @Timeout(Patience.TEST_SECONDS)
  void aBodyThatComesByteByByteIsCutOff() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
      socket
          .getOutputStream()
          .write(
              ("POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                      + "\r\nContent-Length: 60000\r\n\r\n{")
                  .getBytes(US_ASCII));
      socket.setSoTimeout(200);
      long until = System.nanoTime() + Patience.SOON.toNanos();
      while (isOpen(socket)) {
        assertThat(System.nanoTime()).as("still open").isLessThan(until);
        socket.getOutputStream().write(' ');
      }
    } catch (SocketException closed) {
      assertThat(closed).as("while a byte was sent").isNotNull();
    }
  }

  @Test
  @Timeout(Patience.TEST_SECONDS)
  void whoDoesNotTakeAPictureIsCutOffAndLeavesItsPlace() throws Exception {
    byte[] picture = new byte[SIZE];
    new Random(3).nextBytes(picture);
    String sha256 = Sha256.hex(picture);
    store.put(ObjectKeys.input("default", sha256), picture, "image/png");
    String path = "/v1/inputs/input_" + sha256;
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 2; i++) {
        Socket socket = new Socket("127.0.0.1", RestAssured.port);
        slow.add(socket);
        socket
            .getOutputStream()
            .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(US_ASCII));
      }
      await()
          .atMost(Patience.SOON)
          .untilAsserted(
              () ->
                  given()
                      .header("Range", "bytes=0-9")
                      .get(path)
                      .then()
                      .statusCode(503)
                      .header("Retry-After", notNullValue())
                      .body("code", equalTo("too_many_downloads")));
      await()
          .atMost(Patience.SOON)
          .untilAsserted(
              () -> given().header("Range", "bytes=0-9").get(path).then().statusCode(206));
      assertThat(given().get(path).asByteArray()).isEqualTo(picture);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  private static boolean isOpen(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException e) {
      return true;
    }
  }
}
