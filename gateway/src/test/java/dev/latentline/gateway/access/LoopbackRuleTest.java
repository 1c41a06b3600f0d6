package dev.latentline.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopbackRuleTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "localhost:8080",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:65535",
        "[::1]",
        "[::1]:8080"
      })
  void thisMachineIsServedUnderItsNamesAtAnyPort(String host) {
    assertThat(LoopbackRule.refusal(true, "http", host, null)).isEmpty();
    assertThat(LoopbackRule.refusal(true, "http", host, "http://" + host)).isEmpty();
    assertThat(LoopbackRule.refusal(false, "http", host, null)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "evil.example",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "127.1",
        "0.0.0.0:8080",
        "[::]",
        "[::ffff:127.0.0.1]",
        "::1",
        "localhost:",
        "localhost:x",
        "localhost:123456",
        "a@localhost",
        "localhost@a",
        "localhost#",
        "localhost/",
        "localhost.",
        "localhost,evil.example",
        "localhost evil.example"
      })
  void anyOtherNameIsRefused(String host) {
    assertThat(LoopbackRule.refusal(true, "http", host, null)).isPresent();
  }

  @Test
  void noNameIsRefused() {
    assertThat(LoopbackRule.refusal(true, "http", null, null)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "http://evil.example",
        "http://localhost",
        "http://localhost:8081",
        "https://localhost:8080",
        "http://127.0.0.1:8080",
        "localhost:8080",
        "http://localhost:8080.evil.example",
        "http://localhost:8080/"
      })
  void aPageOfAnotherOriginIsRefused(String origin) {
    assertThat(LoopbackRule.refusal(true, "http", "localhost:8080", origin)).isPresent();
  }
}
