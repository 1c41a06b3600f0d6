package dev.latentline.gateway.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class InputsTest {
  private static final byte[] SMALL = TestPng.rgb(40, 30);
  private static final byte[] LARGEST =
      new TestPng(4096, 4096, 1, 0).write(false, (x, y, channel) -> 0, new byte[0]);

  private final Objects store = new Objects();
  private final Inputs inputs = new Inputs(store, Duration.ZERO);

  @Test
  void aPictureIsStoredForItsTenantUnderItsDigest() throws Exception {
    StoredInput stored = inputs.add("acme", PictureReadingTest.file(SMALL));

    byte[] file = store.objects.get(ObjectKeys.input("acme", stored.sha256()));
    assertThat(Sha256.hex(file)).isEqualTo(stored.sha256());
    assertThat(stored).isEqualTo(new StoredInput(stored.sha256(), 40, 30, file.length));
    assertThat(inputs.find("acme", stored.id()))
        .contains(new InputObject(ObjectKeys.input("acme", stored.sha256()), file.length));
    assertThat(inputs.exists("acme", stored.id())).isTrue();
    assertThat(inputs.find("other", stored.id())).isEmpty();
    assertThat(inputs.exists("other", stored.id())).isFalse();
    assertThat(inputs.delete("other", stored.id())).isFalse();
    assertThat(inputs.delete("acme", stored.id())).isTrue();
    assertThat(inputs.exists("acme", stored.id())).isFalse();
  }

  @Test
  void noMoreIsDecodedAtOnceThanOneOfTheLargest() throws Exception {
    store.meanwhile =
        () ->
            assertThatThrownBy(() -> inputs.add("other", PictureReadingTest.file(SMALL)))
                .isInstanceOfSatisfying(
                    Failure.Retryable.class,
                    e -> assertThat(e.code()).isEqualTo("too_many_uploads"));
    inputs.add("acme", PictureReadingTest.file(LARGEST));
    assertThat(store.objects).hasSize(1);

    store.meanwhile = () -> {};
    inputs.add("other", PictureReadingTest.file(SMALL));
    assertThat(store.objects).as("there is room again").hasSize(2);
  }

  @Test
  void roomIsGivenBackWhateverHappens() throws Exception {
    byte[] cut = Arrays.copyOf(LARGEST, LARGEST.length / 2);
    assertThatThrownBy(() -> inputs.add("acme", PictureReadingTest.file(cut)))
        .isInstanceOf(UnusablePictureException.class);
    store.meanwhile =
        () -> {
          throw new Failure.Retryable(Failure.STORE_UNAVAILABLE, "away");
        };
    assertThatThrownBy(() -> inputs.add("acme", PictureReadingTest.file(LARGEST)))
        .isInstanceOf(Failure.Retryable.class);

    store.meanwhile = () -> {};
    assertThat(inputs.add("acme", PictureReadingTest.file(LARGEST)).width()).isEqualTo(4096);
  }

  @Test
  void aFileThatIsTooLargeIsNotLookedAt() {
    byte[] large = new byte[Limits.MAX_INPUT_BYTES + 1];
    assertThatThrownBy(() -> inputs.add("acme", PictureReadingTest.file(large)))
        .isInstanceOfSatisfying(
            UnusablePictureException.class,
            e -> assertThat(e.error().code()).isEqualTo("too_large"));
  }

  /** In a map; something can happen while one is put there. */
  private static final class Objects implements BlobStore {
    private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    private Runnable meanwhile = () -> {};

    @Override
    public void put(String key, byte[] bytes, String contentType) {
      objects.put(key, bytes);
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
      meanwhile.run();
      return objects.putIfAbsent(key, bytes) == null;
    }

    @Override
    public Optional<byte[]> get(String key) {
      return Optional.ofNullable(objects.get(key));
    }

    @Override
    public boolean exists(String key) {
      return objects.containsKey(key);
    }

    @Override
    public void delete(String key) {
      objects.remove(key);
    }

    @Override
    public List<String> list(String prefix, String after, int max) {
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
}
