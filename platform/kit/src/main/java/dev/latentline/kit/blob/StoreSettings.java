package dev.latentline.kit.blob;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** Where the objects are. */
@ConfigMapping(prefix = "latentline.store")
public interface StoreSettings {
  /** The S3 endpoint, such as http://minio:9000. */
  @WithDefault("http://127.0.0.1:9000")
  String url();

  /** Absent together with the secret key: requests are not signed. */
  Optional<String> accessKey();

  Optional<String> secretKey();

  /** Made when it does not exist. */
  @WithDefault("latentline")
  String bucket();

  /** What requests are signed for; S3 stores other than Amazon's take any. */
  @WithDefault("us-east-1")
  String region();

  /** How long a call goes on trying; a work queue waits a longer outage out by itself. */
  @WithDefault("10S")
  Duration patience();
}
