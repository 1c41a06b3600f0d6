package dev.latentline.gateway.owner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.ObjectKeys;
import dev.latentline.kit.blob.BlobStore;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SweepTest {
  private static final String OLD = ObjectKeys.payload("default", "0a1b");
  private static final String PUT_AGAIN = ObjectKeys.payload("default", "2c3d");

  private final List<String> deleted = new ArrayList<>();

  /** Generations share tensors: one that begins now may need what none has needed for days. */
  @Test
  void whatIsPutAgainAfterItWasListedStays() {
    new Sweep(null, store(), Clock.systemUTC()).run(Instant.now());

    assertThat(deleted).containsExactly(OLD);
  }

  /** Lists both tensors as old, and one alone when they are asked for by name. */
  private BlobStore store() {
    return (BlobStore)
        Proxy.newProxyInstance(
            BlobStore.class.getClassLoader(),
            new Class<?>[] {BlobStore.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "listOlder" -> older((String) arguments[1]);
                  case "delete" -> {
                    deleted.add((String) arguments[0]);
                    yield null;
                  }
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static List<String> older(String prefix) {
    if (prefix.equals(ObjectKeys.PAYLOADS)) {
      return List.of(OLD, PUT_AGAIN);
    }
    return prefix.equals(OLD) ? List.of(OLD) : List.of();
  }
}
