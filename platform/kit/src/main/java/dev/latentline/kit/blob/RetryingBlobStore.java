package dev.latentline.kit.blob;

import dev.latentline.contract.Failure;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Waits out short outages of a store: each call is tried again, with pauses that double and differ
 * from caller to caller, until the time given is over. A conditional put that was carried out but
 * whose answer was lost reports false: who puts content of its own must compare.
 */
public final class RetryingBlobStore implements BlobStore {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(2);

  private final BlobStore store;
  private final Duration patience;

  private RetryingBlobStore(BlobStore store, Duration patience) {
    this.store = store;
    this.patience = patience;
  }

  /**
   * @param patience how long a call goes on trying
   */
  public static BlobStore wrap(BlobStore store, Duration patience) {
    return new RetryingBlobStore(store, patience);
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    trying(
        () -> {
          store.put(key, bytes, contentType);
          return null;
        });
  }

  @Override
  public void rewrite(String key, byte[] bytes, String contentType) {
    trying(
        () -> {
          store.rewrite(key, bytes, contentType);
          return null;
        });
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
    return trying(() -> store.putIfAbsent(key, bytes, contentType));
  }

  @Override
  public Optional<byte[]> get(String key) {
    return trying(() -> store.get(key));
  }

  @Override
  public Optional<byte[]> get(String key, long offset, int length) {
    return trying(() -> store.get(key, offset, length));
  }

  @Override
  public OptionalLong size(String key) {
    return trying(() -> store.size(key));
  }

  @Override
  public boolean exists(String key) {
    return trying(() -> store.exists(key));
  }

  @Override
  public void delete(String key) {
    trying(
        () -> {
          store.delete(key);
          return null;
        });
  }

  @Override
  public List<String> list(String prefix, String after, int max) {
    return trying(() -> store.list(prefix, after, max));
  }

  @Override
  public List<String> listOlder(Instant than, String prefix, String after, int max) {
    return trying(() -> store.listOlder(than, prefix, after, max));
  }

  private <T> T trying(Supplier<T> call) {
    long until = System.nanoTime() + patience.toNanos();
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return call.get();
      } catch (Failure.Retryable e) {
        if (System.nanoTime() + pause.toNanos() - until >= 0) {
          throw e;
        }
        pause(pause, e);
        pause = longer(pause);
      }
    }
  }

  static Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(MAX_PAUSE) < 0 ? doubled : MAX_PAUSE;
  }

  private static void pause(Duration time, Failure.Retryable reason) {
    long nanos = (long) (time.toNanos() * (0.5 + ThreadLocalRandom.current().nextDouble()));
    try {
      // nothing counts it down: a pause that an interrupt ends
      new CountDownLatch(1).await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw reason;
    }
  }
}
