package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.tensor.FloatTensor;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EmbeddingCacheTest {
  private static final int WIDTH = 1000;
  private final AtomicInteger encoded = new AtomicInteger();

  @Test
  void aSequenceThatCameBeforeIsNotEncodedAgain() {
    EmbeddingCache cache = new EmbeddingCache(1 << 20);

    EncodedText first = get(cache, "a", 101, 102);
    EncodedText second = get(cache, "a", 101, 102);

    assertThat(second).isSameAs(first);
    assertThat(encoded).hasValue(1);
  }

  @Test
  void otherIdsAndAnotherEncodersAreOtherEntries() {
    EmbeddingCache cache = new EmbeddingCache(1 << 20);

    get(cache, "a", 101, 102);
    get(cache, "a", 102, 101);
    get(cache, "a", 101);
    get(cache, "b", 101, 102);

    assertThat(encoded).hasValue(4);
  }

  @Test
  void idsThatTheCallerChangesLaterDoNotChangeTheEntry() {
    EmbeddingCache cache = new EmbeddingCache(1 << 20);
    long[] ids = {101, 102};
    cache.get("a", ids, this::encode);
    ids[1] = 7;

    get(cache, "a", 101, 102);
    assertThat(encoded).hasValue(1);
    get(cache, "a", 101, 7);
    assertThat(encoded).hasValue(2);
  }

  @Test
  void itHoldsNoMoreThanItsBytes() {
    EmbeddingCache cache = new EmbeddingCache(10L * Float.BYTES * WIDTH);
    for (int text = 0; text < 100; text++) {
      get(cache, "a", text);
    }
    int before = encoded.get();

    for (int text = 0; text < 100; text++) {
      get(cache, "a", text);
    }
    assertThat(encoded.get() - before).isBetween(90, 100);
  }

  @Test
  void withoutBytesItKeepsNothing() {
    EmbeddingCache cache = new EmbeddingCache(0);

    get(cache, "a", 101);
    get(cache, "a", 101);

    assertThat(encoded).hasValue(2);
  }

  @Test
  void aRunThatEndsInAnErrorLeavesNothing() {
    EmbeddingCache cache = new EmbeddingCache(1 << 20);

    assertThatThrownBy(
            () ->
                cache.get(
                    "a",
                    new long[] {101},
                    () -> {
                      throw new IllegalStateException("stopped");
                    }))
        .hasMessage("stopped");
    get(cache, "a", 101);

    assertThat(encoded).hasValue(1);
  }

  private EncodedText get(EmbeddingCache cache, String encoder, long... ids) {
    return cache.get(encoder, ids, this::encode);
  }

  private EncodedText encode() {
    encoded.incrementAndGet();
    return new EncodedText(
        new FloatTensor(new long[] {1, 1, WIDTH}, new float[WIDTH]), Optional.empty());
  }
}
