package dev.latentline.gateway.analysis;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;

/** Where prompt-service is, which analyses prompts; generations do not go this way. */
@ConfigMapping(prefix = "latentline.prompts")
public interface PromptsSettings {
  /** http, a host and a port: gRPC without TLS. Where nobody answers, analyses are 503. */
  @WithDefault("http://127.0.0.1:8081")
  URI url();
}
