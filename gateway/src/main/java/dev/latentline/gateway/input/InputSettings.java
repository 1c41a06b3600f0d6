package dev.latentline.gateway.input;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How many pictures may be on their way to this gateway at once. */
@ConfigMapping(prefix = "latentline.inputs")
public interface InputSettings {
  /** Uploads of all tenants; a further one is refused. Each takes 10 MB of the temporary folder. */
  @WithDefault("16")
  int maxUploads();

  /** The same of one tenant, so that others still find room. */
  @WithDefault("4")
  int maxUploadsPerTenant();

  /** How long one may take; then its connection is closed, so that its place is free again. */
  @WithDefault("120S")
  Duration uploadTime();
}
