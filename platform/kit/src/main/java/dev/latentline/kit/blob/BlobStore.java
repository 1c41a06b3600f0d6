package dev.latentline.kit.blob;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Objects by key. Thread-safe.
 *
 * <p>Every method throws {@link dev.latentline.contract.Failure.Retryable} with code {@code
 * store_unavailable} when the store does not answer or answers with an error of its own.
 */
public interface BlobStore {
  /** Writes, replacing what is there. */
  void put(String key, byte[] bytes, String contentType);

  /** As {@link #put}, cheaper where one object is written many times in a row. */
  default void rewrite(String key, byte[] bytes, String contentType) {
    put(key, bytes, contentType);
  }

  /**
   * Writes unless the key exists; atomic among all clients.
   *
   * @return whether this call created the object
   */
  boolean putIfAbsent(String key, byte[] bytes, String contentType);

  Optional<byte[]> get(String key);

  /**
   * A part of an object, which a store reads alone.
   *
   * @param offset of its first byte, smaller than the object's size
   * @param length at least 1; less comes where the object ends before
   */
  default Optional<byte[]> get(String key, long offset, int length) {
    return get(key)
        .map(
            bytes ->
                Arrays.copyOfRange(
                    bytes, (int) offset, (int) Math.min(bytes.length, offset + length)));
  }

  /** In bytes; empty when there is no such object. */
  default OptionalLong size(String key) {
    return get(key).stream().mapToLong(bytes -> bytes.length).findFirst();
  }

  boolean exists(String key);

  /** Deletes; nothing happens when there is no such object. */
  void delete(String key);

  /**
   * Keys with the prefix in ascending order, at most max of them, after the key given (empty: from
   * the start).
   */
  List<String> list(String prefix, String after, int max);

  /** As {@link #list}, of those only that were last written before the time given. */
  List<String> listOlder(Instant than, String prefix, String after, int max);
}
