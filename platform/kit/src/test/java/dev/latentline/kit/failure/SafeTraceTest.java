package dev.latentline.kit.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Failure;
import org.junit.jupiter.api.Test;

class SafeTraceTest {
  @Test
  void messagesOfUnknownExceptionsAreLeftOutAndThoseOfFailuresToldWithTheirCode() {
    Exception failure =
        new IllegalStateException(
            "secret prompt",
            new Failure.Retryable(
                "store_unavailable", "the store is away", new Exception("secret key")));

    String trace = SafeTrace.of(failure);

    assertThat(trace)
        .doesNotContain("secret")
        .startsWith("java.lang.IllegalStateException\n\tat ")
        .contains("Retryable: store_unavailable: the store is away\n\tat ")
        .contains("\nCaused by: java.lang.Exception\n\tat ")
        .contains("SafeTraceTest");
  }

  @Test
  void causesInACircleComeToAnEnd() {
    Exception first = new Exception();
    first.initCause(new Exception(first));

    assertThat(SafeTrace.of(first)).contains("Caused by: java.lang.Exception");
  }
}
