package dev.latentline.gateway.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.GenerationRequest;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptAnalysisIT {
  private static final GenerationRequest APPLE =
      GenerationRequest.newBuilder().setPrompt("an apple").build();

  @Test
  void whoComesBackIsAskedAtOnceHoweverLongHeWasAway() {
    FakePrompts first = new FakePrompts(0);
    URI url = URI.create(first.url());
    PromptAnalysis analysis = new PromptAnalysis(url);
    try {
      assertThat(analysis.analyze(APPLE)).hasSize(2);
      first.close();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> analysis.analyze(APPLE))
            .isInstanceOfSatisfying(
                Failure.Retryable.class,
                e -> assertThat(e.code()).isEqualTo("prompt_service_unavailable"));
      }

      try (FakePrompts again = new FakePrompts(url.getPort())) {
        assertThat(again.url()).isEqualTo(url.toString());
        assertThat(analysis.analyze(APPLE)).hasSize(2);
      }
    } finally {
      analysis.close();
      first.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://127.0.0.1:8081", "http://127.0.0.1", "http:/x", "prompts:8081"})
  void anAddressThatCannotBeOneEndsTheStart(String url) {
    assertThatThrownBy(() -> new PromptAnalysis(URI.create(url)))
        .hasMessageContaining("latentline.prompts.url");
  }
}
