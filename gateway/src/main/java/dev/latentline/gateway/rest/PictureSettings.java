package dev.latentline.gateway.rest;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How many pictures may be on their way to clients of this gateway at once. */
@ConfigMapping(prefix = "latentline.pictures")
public interface PictureSettings {
  /**
   * Pictures of all tenants; a further one is refused. Each takes half a megabyte of memory and a
   * thread of the 200 that serve requests.
   */
  @WithDefault("64")
  int maxDownloads();

  /** The same of one tenant, so that others still find room. */
  @WithDefault("48")
  int maxDownloadsPerTenant();

  /**
   * How long a client may take for 256 KiB; then its connection is closed, so that the place is
   * free again.
   */
  @WithDefault("30S")
  Duration pieceTime();
}
