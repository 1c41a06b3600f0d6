package dev.latentline.gateway.egress;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What webhooks may call. */
@ConfigMapping(prefix = "latentline.webhook")
public interface EgressConfig {
  /**
   * Whether webhooks may go to this machine, also over http and at any port. For development: with
   * it, everybody who can submit a generation can make the gateway call what listens on its
   * loopback interface.
   */
  @WithDefault("false")
  boolean allowLoopback();
}
