package dev.latentline.gateway.live;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** How many may be in live mode at this gateway at once. */
@ConfigMapping(prefix = "latentline.live")
public interface LiveSettings {
  /**
   * Connections of all tenants; a further one is refused. Each has up to three frames in the line,
   * which go before everything else there.
   */
  @WithDefault("64")
  int maxConnections();

  /** The same of one tenant, so that others still find room. */
  @WithDefault("16")
  int maxConnectionsPerTenant();
}
