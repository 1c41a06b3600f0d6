package dev.latentline.gateway.analysis;

import dev.latentline.contract.HeaderNames;
import dev.latentline.proto.v1.AnalyzePromptsRequest;
import dev.latentline.proto.v1.AnalyzePromptsResponse;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.CutTokens;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.PromptsGrpc;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.Token;
import dev.latentline.proto.v1.TokenChunk;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;

/** Answers as prompt-service might; a prompt says how. */
public final class FakePrompts extends PromptsGrpc.PromptsImplBase implements AutoCloseable {
  public static final String REFUSED = "refused";
  public static final String AWAY = "away";
  public static final String SILENT = "silent";

  /** What it is answered with is more than the buffers of two sockets hold. */
  public static final String LONG = "long";

  private static final int LONG_CHARS = 10_000_000;

  private final Server server;

  /**
   * @param port 0 for a free one
   */
  public FakePrompts(int port) {
    try {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
              .addService(this)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String url() {
    return "http://127.0.0.1:" + server.getPort();
  }

  @Override
  public void analyze(AnalyzePromptsRequest asked, StreamObserver<AnalyzePromptsResponse> answer) {
    GenerationRequest request = asked.getRequest();
    switch (request.getPrompt()) {
      case REFUSED -> {
        Metadata trailers = new Metadata();
        trailers.put(
            Metadata.Key.of(HeaderNames.CODE, Metadata.ASCII_STRING_MARSHALLER),
            "unsupported_prompt");
        answer.onError(
            Status.INVALID_ARGUMENT.withDescription("It is so").asRuntimeException(trailers));
      }
      case AWAY -> answer.onError(Status.UNAVAILABLE.asRuntimeException());
      case SILENT -> {
        // whoever asks has a deadline
      }
      case LONG -> {
        answer.onNext(
            AnalyzePromptsResponse.newBuilder().addTexts(unwanted("x".repeat(LONG_CHARS))).build());
        answer.onCompleted();
      }
      default -> {
        String prompt =
            request.getExpandedPromptsCount() > 0
                ? request.getExpandedPrompts(0).getPrompt()
                : request.getPrompt();
        answer.onNext(
            AnalyzePromptsResponse.newBuilder()
                .addAllTexts(List.of(shown(prompt), unwanted(request.getNegativePrompt())))
                .build());
        answer.onCompleted();
      }
    }
  }

  private static AnalyzedText shown(String prompt) {
    return AnalyzedText.newBuilder()
        .setRole(Role.POSITIVE)
        .setText(prompt)
        .setWeight(0.8f)
        .addSteps(0)
        .addSteps(1)
        .addImages(1)
        .addTokens(
            AnalyzedTokens.newBuilder()
                .addEncoders(0)
                .addEncoders(1)
                .setChunkLength(2)
                .setMaxChunks(2)
                .addChunks(TokenChunk.newBuilder().addTokens(token(5, 1)).addTokens(token(6, 1.1f)))
                .addChunks(TokenChunk.newBuilder().addTokens(token(7, 1)))
                .setCut(CutTokens.newBuilder().setCount(2).setText("the rest")))
        .build();
  }

  private static AnalyzedText unwanted(String prompt) {
    return AnalyzedText.newBuilder()
        .setRole(Role.NEGATIVE)
        .setText(prompt)
        .setWeight(1)
        .addTokens(
            AnalyzedTokens.newBuilder()
                .addEncoders(0)
                .setChunkLength(2)
                .setMaxChunks(1)
                .addChunks(TokenChunk.getDefaultInstance()))
        .build();
  }

  private static Token token(long id, float weight) {
    return Token.newBuilder().setId(id).setText("t" + id).setWeight(weight).build();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      server.awaitTermination();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
