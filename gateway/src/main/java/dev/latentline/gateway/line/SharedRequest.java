package dev.latentline.gateway.line;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * One request for everybody who asks while another is under way. Nobody gets the answer to a
 * request that was sent before he asked: it may be older than what he knows. Thread-safe.
 */
final class SharedRequest<T> {
  private final Supplier<CompletionStage<T>> send;
  private CompletableFuture<T> running;
  private CompletableFuture<T> next;

  SharedRequest(Supplier<CompletionStage<T>> send) {
    this.send = send;
  }

  /** The answer to a request that is sent now, or when the one under way has ended. */
  CompletableFuture<T> ask() {
    CompletableFuture<T> asked;
    synchronized (this) {
      if (next == null) {
        next = new CompletableFuture<>();
      }
      asked = next;
    }
    begin();
    // whoever gives up does so alone
    return asked.copy();
  }

  private void begin() {
    CompletableFuture<T> begun;
    synchronized (this) {
      if (running != null || next == null) {
        return;
      }
      running = next;
      next = null;
      begun = running;
    }
    CompletionStage<T> answer;
    try {
      answer = send.get();
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    answer.whenComplete(
        (value, failure) -> {
          synchronized (this) {
            running = null;
          }
          if (failure == null) {
            begun.complete(value);
          } else {
            begun.completeExceptionally(failure);
          }
          begin();
        });
  }
}
