package dev.latentline.kit.topics;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** How this service treats the topics. */
@ConfigMapping(prefix = "latentline.topics")
public interface TopicSettings {
  /**
   * Whether the gateway makes missing topics and the share groups' settings. When false it only
   * checks them, for clusters where somebody else has that right. The stages never make any.
   */
  @WithDefault("true")
  boolean manage();

  /** Copies of each partition; absent: three, or as many as there are brokers. */
  Optional<Short> replicationFactor();
}
