package dev.latentline.encoder.text;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * The states of sequences that came before, by text encoder and token ids: the negative prompt of
 * an application is nearly always among them. A state that is found has the bytes that encoding
 * gives, because encoding is a function of the ids. Bounded by the states' size; thread-safe.
 */
final class EmbeddingCache {
  /** Of an entry, beside its numbers: about what key, node and arrays cost. */
  private static final int OVERHEAD_BYTES = 256;

  private final Cache<Key, EncodedText> states;

  /**
   * @param maxBytes of all entries together; 0 keeps none
   */
  EmbeddingCache(long maxBytes) {
    states =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher(EmbeddingCache::bytes)
            // eviction is short, and a thread of its own would outlive the service
            .executor(Runnable::run)
            .build();
  }

  /**
   * @param encoder what is the same for text encoders that give the same states
   * @param ids in this encoder's vocabulary
   * @param encode asked where they did not come before; what it throws is not kept
   */
  EncodedText get(Object encoder, long[] ids, Supplier<EncodedText> encode) {
    Key key = new Key(encoder, ids.clone());
    EncodedText known = states.getIfPresent(key);
    if (known != null) {
      return known;
    }
    EncodedText encoded = encode.get();
    states.put(key, encoded);
    return encoded;
  }

  private static int bytes(Key key, EncodedText value) {
    return OVERHEAD_BYTES + Long.BYTES * key.ids.length + value.bytes();
  }

  private record Key(Object encoder, long[] ids) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key that
          && encoder.equals(that.encoder)
          && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
      return 31 * encoder.hashCode() + Arrays.hashCode(ids);
    }
  }
}
