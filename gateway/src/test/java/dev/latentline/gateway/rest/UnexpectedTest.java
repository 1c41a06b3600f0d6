package dev.latentline.gateway.rest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnexpectedTest {
  @Test
  void whatIsLoggedSaysWhereAndNotWhat() {
    Exception cause = new IllegalArgumentException("a secret prompt");
    String told = Unexpected.told(new IllegalStateException("another secret prompt", cause));

    assertThat(told)
        .startsWith("java.lang.IllegalStateException\n\tat " + UnexpectedTest.class.getName())
        .contains("Caused by: java.lang.IllegalArgumentException")
        .doesNotContain("secret");
  }

  @Test
  void causesThatGoInACircleEnd() {
    Exception one = new IllegalStateException();
    Exception other = new IllegalStateException(one);
    one.initCause(other);

    assertThat(Unexpected.told(one)).hasLineCount(8 + 8 * one.getStackTrace().length);
  }
}
