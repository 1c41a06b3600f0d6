package dev.latentline.kit.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.testkit.Patience;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every S3 store must do to be Latentline's. */
@Timeout(Patience.TEST_SECONDS)
abstract class BlobStoreConformance {
  private static final String TYPE = "application/octet-stream";

  private final String folder = "test-" + Long.toHexString(new Random().nextLong()) + "/";
  private S3BlobStore store;

  abstract String url();

  abstract String accessKey();

  abstract String secretKey();

  @BeforeEach
  void open() {
    store = store(url(), secretKey());
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void whatIsPutIsThere() {
    byte[] bytes = bytes(100_000);

    store.put(folder + "a", bytes, TYPE);

    assertThat(store.get(folder + "a")).hasValue(bytes);
    assertThat(store.exists(folder + "a")).isTrue();
  }

  @Test
  void aPartIsReadAlone() {
    byte[] bytes = bytes(100_000);
    store.put(folder + "a b", bytes, TYPE);

    assertThat(store.size(folder + "a b")).hasValue(100_000);
    assertThat(store.get(folder + "a b", 0, 1)).hasValue(Arrays.copyOf(bytes, 1));
    assertThat(store.get(folder + "a b", 40_000, 30_000))
        .hasValue(Arrays.copyOfRange(bytes, 40_000, 70_000));
    assertThat(store.get(folder + "a b", 99_999, 5))
        .hasValue(Arrays.copyOfRange(bytes, 99_999, 100_000));
  }

  @Test
  void putReplaces() {
    store.put(folder + "a", bytes(10), TYPE);
    store.put(folder + "a", bytes(20), TYPE);

    assertThat(store.get(folder + "a")).hasValue(bytes(20));
  }

  @Test
  void whatIsRewrittenReplacesToo() {
    store.rewrite(folder + "a b", bytes(10), TYPE);
    store.rewrite(folder + "a b", bytes(20), TYPE);
    store.rewrite(folder + "c", bytes(30), TYPE);

    assertThat(store.get(folder + "a b")).hasValue(bytes(20));
    assertThat(store.get(folder + "c")).hasValue(bytes(30));
  }

  @Test
  void nothingIsAnObjectToo() {
    store.put(folder + "empty", new byte[0], TYPE);

    assertThat(store.get(folder + "empty")).hasValue(new byte[0]);
  }

  @Test
  void whatWasNeverPutIsMissing() {
    assertThat(store.get(folder + "none")).isEmpty();
    assertThat(store.get(folder + "none", 0, 1)).isEmpty();
    assertThat(store.size(folder + "none")).isEmpty();
    assertThat(store.exists(folder + "none")).isFalse();
    store.delete(folder + "none");
  }

  @Test
  void whatIsDeletedIsMissing() {
    store.put(folder + "a", bytes(10), TYPE);

    store.delete(folder + "a");

    assertThat(store.get(folder + "a")).isEmpty();
  }

  @Test
  void aConditionalPutDoesNotReplace() {
    assertThat(store.putIfAbsent(folder + "a", bytes(10), TYPE)).isTrue();
    assertThat(store.putIfAbsent(folder + "a", bytes(20), TYPE)).isFalse();

    assertThat(store.get(folder + "a")).hasValue(bytes(10));
  }

  @Test
  void oneOfManyConditionalPutsWins() throws Exception {
    int writers = 16;
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      List<Callable<Boolean>> puts =
          IntStream.range(0, writers)
              .<Callable<Boolean>>mapToObj(
                  i -> () -> store.putIfAbsent(folder + "race", bytes(1000 + i), TYPE))
              .toList();
      List<Future<Boolean>> answers = threads.invokeAll(puts);
      int winners = 0;
      int winner = -1;
      for (int i = 0; i < writers; i++) {
        if (answers.get(i).get()) {
          winners++;
          winner = i;
        }
      }
      assertThat(winners).isEqualTo(1);
      assertThat(store.get(folder + "race")).hasValue(bytes(1000 + winner));
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void keysAreListedInOrderAndInPages() {
    for (String name : List.of("c", "a", "b/1", "b/2", "d")) {
      store.put(folder + name, bytes(1), TYPE);
    }

    assertThat(names(store.list(folder, "", 10))).containsExactly("a", "b/1", "b/2", "c", "d");
    assertThat(names(store.list(folder, "", 2))).containsExactly("a", "b/1");
    assertThat(names(store.list(folder, folder + "b/1", 2))).containsExactly("b/2", "c");
    assertThat(names(store.list(folder + "b/", "", 10))).containsExactly("b/1", "b/2");
    assertThat(store.list(folder + "none", "", 10)).isEmpty();
  }

  @Test
  void keysOfATimeAreListed() {
    for (String name : List.of("a", "b", "c")) {
      store.put(folder + name, bytes(1), TYPE);
    }
    Instant later = Instant.now().plusSeconds(60);

    assertThat(names(store.listOlder(later, folder, "", 2))).containsExactly("a", "b");
    assertThat(names(store.listOlder(later, folder, folder + "b", 2))).containsExactly("c");
    assertThat(store.listOlder(Instant.now().minusSeconds(60), folder, "", 2)).isEmpty();
  }

  @Test
  void keysKeepTheirCharacters() {
    String key = folder + "tenant-1/gen_01.x/0.json";
    byte[] text = "{\"ü\":1}".getBytes(StandardCharsets.UTF_8);

    store.put(key, text, "application/json");

    assertThat(store.list(folder + "tenant-1/", "", 10)).containsExactly(key);
    assertThat(store.get(key)).hasValue(text);
  }

  @Test
  void aWrongKeyIsRefused() {
    try (S3BlobStore stranger = store(url(), "not-the-secret")) {
      assertThatThrownBy(() -> stranger.get(folder + "a"))
          .isInstanceOf(Failure.Retryable.class)
          .hasMessageNotContaining("not-the-secret");
      assertThatThrownBy(() -> stranger.rewrite(folder + "a", bytes(10), TYPE))
          .isInstanceOf(Failure.Retryable.class)
          .hasMessageNotContaining("ignature");
      assertThat(store.exists(folder + "a")).isFalse();
    }
  }

  @Test
  void aStoreThatIsAwayIsToldSo() {
    try (S3BlobStore away = store("http://127.0.0.1:1", secretKey())) {
      assertThatThrownBy(() -> away.get(folder + "a"))
          .isInstanceOfSatisfying(
              Failure.Retryable.class,
              failure -> assertThat(failure.code()).isEqualTo("store_unavailable"));
    }
  }

  private List<String> names(List<String> keys) {
    return keys.stream().map(key -> key.substring(folder.length())).toList();
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private S3BlobStore store(String url, String secretKey) {
    String accessKey = accessKey();
    return new S3BlobStore(
        new StoreSettings() {
          @Override
          public String url() {
            return url;
          }

          @Override
          public Optional<String> accessKey() {
            return Optional.of(accessKey);
          }

          @Override
          public Optional<String> secretKey() {
            return Optional.of(secretKey);
          }

          @Override
          public String bucket() {
            return "conformance";
          }

          @Override
          public String region() {
            return "us-east-1";
          }

          @Override
          public Duration patience() {
            return Duration.ZERO;
          }
        });
  }
}
