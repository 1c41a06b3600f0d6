package dev.latentline.denoiser;

import dev.latentline.kit.workqueue.Lease;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A lease that is lost, and whose replica shuts down, when the test says so. */
final class TestLease implements Lease {
  private final CompletableFuture<Void> loss = new CompletableFuture<>();
  private final CompletableFuture<Void> ending = new CompletableFuture<>();
  private final AtomicInteger told = new AtomicInteger();

  void lose() {
    loss.complete(null);
  }

  void end() {
    ending.complete(null);
  }

  /** How often it was told that the work goes on. */
  int told() {
    return told.get();
  }

  @Override
  public boolean lost() {
    return loss.isDone();
  }

  @Override
  public void onLost(Runnable action) {
    loss.thenRun(action);
  }

  @Override
  public void progress() {
    told.incrementAndGet();
  }

  @Override
  public void progress(Duration allowance) {
    told.incrementAndGet();
  }

  @Override
  public void onEnding(Runnable action) {
    ending.thenRun(action);
  }
}
