package dev.latentline.bench;

import dev.latentline.embedded.S3Store;
import dev.latentline.kit.blob.StoreSettings;
import java.time.Duration;
import java.util.Optional;

/** The store of a {@link Line}. */
record BenchStore(String url, S3Store.Keys keys) implements StoreSettings {
  @Override
  public Optional<String> accessKey() {
    return Optional.of(keys.accessKey());
  }

  @Override
  public Optional<String> secretKey() {
    return Optional.of(keys.secretKey());
  }

  @Override
  public String bucket() {
    return "latentline";
  }

  @Override
  public String region() {
    return "us-east-1";
  }

  @Override
  public Duration patience() {
    return Duration.ofSeconds(10);
  }
}
