package dev.latentline.prompt.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.latentline.contract.HeaderNames;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.proto.v1.AnalyzePromptsRequest;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.PromptsGrpc;
import dev.latentline.proto.v1.Token;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.TestStack;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Over gRPC, at the port that also serves health. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class PromptsEndpointIT {
  @TestHTTPResource("/q/health/live")
  URL health;

  private ManagedChannel channel;

  @BeforeEach
  void connect() {
    channel =
        ManagedChannelBuilder.forAddress(health.getHost(), health.getPort()).usePlaintext().build();
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
  }

  @Test
  void aPromptIsAnsweredWithItsTokensAndWhatIsCut() throws Exception {
    List<AnalyzedText> texts =
        analyze(request("red " + "apple ".repeat(199)).setNegativePrompt("blurry").build());

    assertThat(texts).hasSize(2);
    assertThat(texts.get(0).getTokens(0).getChunks(0).getTokens(0).getText()).isEqualTo("red");
    assertThat(texts.get(0).getTokens(0).getCut().getText()).startsWith("apple apple");
    assertThat(texts.get(1).getTokens(0).getChunks(0).getTokensList())
        .extracting(Token::getText)
        .containsExactly("blur", "##ry");
    assertThat(((HttpURLConnection) health.openConnection()).getResponseCode()).isEqualTo(200);
  }

  @Test
  void whatAGenerationWouldFailWithIsAnInvalidArgumentWithItsCode() {
    assertRejected(request("a").setPromptSyntax("a1111").setPrompt("(a:2)"), "unsupported_prompt");
    assertRejected(
        request("a").setModel(ModelRef.newBuilder().setName("starter").setDigest("sha256:0")),
        "model_unavailable");
    assertRejected(request("a").setSteps(100_000), "unreadable_record");
  }

  private void assertRejected(GenerationRequest.Builder request, String code) {
    StatusRuntimeException rejected =
        catchThrowableOfType(StatusRuntimeException.class, () -> analyze(request.build()));

    assertThat(rejected.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(rejected.getStatus().getDescription()).isNotBlank();
    assertThat(
            rejected
                .getTrailers()
                .get(Metadata.Key.of(HeaderNames.CODE, Metadata.ASCII_STRING_MARSHALLER)))
        .isEqualTo(code);
  }

  private List<AnalyzedText> analyze(GenerationRequest request) {
    return PromptsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Patience.SOON.toSeconds(), TimeUnit.SECONDS)
        .analyze(AnalyzePromptsRequest.newBuilder().setRequest(request).build())
        .getTextsList();
  }

  private static GenerationRequest.Builder request(String prompt) {
    String digest =
        Catalogue.open(TestStack.shared().models()).find("starter").orElseThrow().digest();
    return GenerationRequest.newBuilder()
        .setModel(ModelRef.newBuilder().setName("starter").setDigest(digest))
        .setPrompt(prompt)
        .setCount(1)
        .setSteps(25);
  }
}
