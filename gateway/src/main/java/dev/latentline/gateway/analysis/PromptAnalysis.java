package dev.latentline.gateway.analysis;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.kit.topics.StartGate;
import dev.latentline.proto.v1.AnalyzePromptsRequest;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.PromptsGrpc;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** A client of prompt-service. Thread-safe; connects when it is first asked. */
@Singleton
@Startup(StartGate.BEFORE)
public class PromptAnalysis {
  private static final Logger LOG = Logger.getLogger(PromptAnalysis.class);
  private static final Metadata.Key<String> CODE =
      Metadata.Key.of(HeaderNames.CODE, Metadata.ASCII_STRING_MARSHALLER);
  private static final long DEADLINE_MILLIS = 2000;
  private static final long CONNECT_MILLIS = 1000;

  /** Of the largest request's texts, in every step another, and all their tokens. */
  private static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;

  private final URI url;
  private ManagedChannel channel;

  @Inject
  PromptAnalysis(PromptsSettings settings) {
    this(settings.url());
  }

  PromptAnalysis(URI url) {
    if (!"http".equals(url.getScheme()) || url.getHost() == null || url.getPort() < 0) {
      throw new IllegalArgumentException("latentline.prompts.url must be http://HOST:PORT");
    }
    this.url = url;
  }

  /**
   * The texts that the model would be given. Blocks for at most 2 s.
   *
   * @throws Failure.Rejected with the code that a generation of this request would fail with
   * @throws Failure.Retryable with code {@code prompt_service_unavailable}
   */
  public List<AnalyzedText> analyze(GenerationRequest request) {
    Deadline deadline = Deadline.after(DEADLINE_MILLIS, TimeUnit.MILLISECONDS);
    PromptsGrpc.PromptsBlockingStub prompts =
        PromptsGrpc.newBlockingStub(channel())
            .withMaxInboundMessageSize(MAX_ANSWER_BYTES)
            .withDeadline(deadline);
    AnalyzePromptsRequest asked = AnalyzePromptsRequest.newBuilder().setRequest(request).build();
    try {
      try {
        return prompts.analyze(asked).getTextsList();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw e;
        }
      }
      // it may be back: the channel tries again after pauses, each longer than the one before
      channel().resetConnectBackoff();
      return prompts
          .withWaitForReady()
          .withDeadline(deadline.minimum(Deadline.after(CONNECT_MILLIS, TimeUnit.MILLISECONDS)))
          .analyze(asked)
          .getTextsList();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  private static Failure failure(StatusRuntimeException e) {
    Status status = e.getStatus();
    Optional<String> code =
        Optional.ofNullable(e.getTrailers()).map(trailers -> trailers.get(CODE));
    if (status.getCode() == Status.Code.INVALID_ARGUMENT && code.isPresent()) {
      return new Failure.Rejected(code.get(), status.getDescription());
    }
    LOG.warnf("prompt-service does not answer: %s", status.getCode());
    return new Failure.Retryable(
        "prompt_service_unavailable", "Prompts cannot be analysed now: send it again", e);
  }

  private synchronized ManagedChannel channel() {
    if (channel == null) {
      channel =
          ManagedChannelBuilder.forAddress(url.getHost(), url.getPort()).usePlaintext().build();
    }
    return channel;
  }

  @PreDestroy
  synchronized void close() {
    if (channel != null) {
      channel.shutdownNow();
    }
  }
}
