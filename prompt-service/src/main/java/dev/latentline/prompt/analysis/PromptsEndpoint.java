package dev.latentline.prompt.analysis;

import dev.latentline.contract.Failure;
import dev.latentline.contract.HeaderNames;
import dev.latentline.kit.failure.SafeTrace;
import dev.latentline.kit.record.Requests;
import dev.latentline.prompt.read.PromptReader;
import dev.latentline.proto.v1.AnalyzePromptsRequest;
import dev.latentline.proto.v1.AnalyzePromptsResponse;
import dev.latentline.proto.v1.PromptsGrpc;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.smallrye.common.annotation.Blocking;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Answers beside the work of the stage, which comes first: few at a time. */
@GrpcService
public class PromptsEndpoint extends PromptsGrpc.PromptsImplBase {
  private static final Logger LOG = Logger.getLogger(PromptsEndpoint.class);
  private static final Metadata.Key<String> CODE =
      Metadata.Key.of(HeaderNames.CODE, Metadata.ASCII_STRING_MARSHALLER);

  private static final int MOST_AT_ONCE = 2;

  /** Whoever types waits no longer for others. */
  private static final long PATIENCE_MILLIS = 1000;

  private final PromptReader prompts;
  private final Semaphore room = new Semaphore(MOST_AT_ONCE, true);

  PromptsEndpoint(PromptReader prompts) {
    this.prompts = prompts;
  }

  @Override
  @Blocking
  public void analyze(
      AnalyzePromptsRequest request, StreamObserver<AnalyzePromptsResponse> answer) {
    if (!hasRoom()) {
      answer.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
      return;
    }
    AnalyzePromptsResponse response;
    try {
      Requests.checkPrompts(request.getRequest());
      response =
          AnalyzePromptsResponse.newBuilder()
              .addAllTexts(prompts.analyze(request.getRequest()))
              .build();
    } catch (Failure.Rejected e) {
      Metadata trailers = new Metadata();
      trailers.put(CODE, e.code());
      answer.onError(
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException(trailers));
      return;
    } catch (RuntimeException e) {
      // its message may quote a prompt
      LOG.errorf("an analysis failed: %s", SafeTrace.of(e));
      answer.onError(Status.INTERNAL.asRuntimeException());
      return;
    } finally {
      room.release();
    }
    answer.onNext(response);
    answer.onCompleted();
  }

  private boolean hasRoom() {
    try {
      return room.tryAcquire(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
