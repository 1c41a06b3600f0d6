package dev.latentline.denoiser.resume;

import dev.latentline.contract.Failure;
import dev.latentline.kit.blob.BlobStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A store in memory that can be away. */
public final class MapStore implements BlobStore {
  public final Map<String, byte[]> objects = new ConcurrentHashMap<>();
  public volatile boolean away;

  private void answer() {
    if (away) {
      throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "the store does not answer");
    }
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    answer();
    objects.put(key, bytes);
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
    answer();
    return objects.putIfAbsent(key, bytes) == null;
  }

  @Override
  public Optional<byte[]> get(String key) {
    answer();
    return Optional.ofNullable(objects.get(key));
  }

  @Override
  public boolean exists(String key) {
    answer();
    return objects.containsKey(key);
  }

  @Override
  public void delete(String key) {
    answer();
    objects.remove(key);
  }

  @Override
  public List<String> list(String prefix, String after, int max) {
    answer();
    return objects.keySet().stream()
        .filter(key -> key.startsWith(prefix) && key.compareTo(after) > 0)
        .sorted()
        .limit(max)
        .toList();
  }

  @Override
  public List<String> listOlder(Instant than, String prefix, String after, int max) {
    throw new UnsupportedOperationException();
  }
}
