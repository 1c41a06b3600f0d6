package dev.latentline.kit.blob;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Objects in a map; can be away for some calls. */
public final class MemoryBlobStore implements BlobStore {
  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final AtomicInteger calls = new AtomicInteger();
  private RuntimeException failure;
  private int failing;
  private boolean answerLost;

  /** The next calls do nothing and fail. */
  public void failNext(int count, RuntimeException reason) {
    failing = count;
    failure = reason;
    answerLost = false;
  }

  /** The next call does its work, and fails all the same. */
  public void loseNextAnswer(RuntimeException reason) {
    failing = 1;
    failure = reason;
    answerLost = true;
  }

  /** How often it was called. */
  public int calls() {
    return calls.get();
  }

  /** What is there; changes are seen by both sides. */
  public Map<String, byte[]> objects() {
    return objects;
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    before();
    objects.put(key, bytes.clone());
    after();
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
    before();
    boolean created = objects.putIfAbsent(key, bytes.clone()) == null;
    after();
    return created;
  }

  @Override
  public Optional<byte[]> get(String key) {
    before();
    after();
    return Optional.ofNullable(objects.get(key)).map(byte[]::clone);
  }

  @Override
  public boolean exists(String key) {
    before();
    after();
    return objects.containsKey(key);
  }

  @Override
  public void delete(String key) {
    before();
    objects.remove(key);
    after();
  }

  @Override
  public List<String> list(String prefix, String after, int max) {
    before();
    after();
    return objects.keySet().stream()
        .filter(key -> key.startsWith(prefix) && key.compareTo(after) > 0)
        .limit(max)
        .toList();
  }

  /** When objects were written is not kept: all are older. */
  @Override
  public List<String> listOlder(Instant than, String prefix, String after, int max) {
    return list(prefix, after, max);
  }

  private void before() {
    calls.incrementAndGet();
    if (failing > 0 && !answerLost) {
      failing--;
      throw failure;
    }
  }

  private void after() {
    if (failing > 0) {
      failing--;
      throw failure;
    }
  }
}
