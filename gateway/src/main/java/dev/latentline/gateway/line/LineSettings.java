package dev.latentline.gateway.line;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** How much work is in the line at once. */
@ConfigMapping(prefix = "latentline.dispatch")
public interface LineSettings {
  /**
   * Image tasks of a pool that are in the line at once; the others wait in the gateway, where a
   * cancel is free. Too few leave denoisers idle: four for each of the pool's slots are plenty.
   */
  @WithDefault("16")
  int window();

  /**
   * Generations of all tenants that are not settled; beyond it a request is refused. They are held
   * in memory, and read again at every start.
   */
  @WithDefault("10000")
  int maxWaiting();

  /** The same of one tenant, so that others still find room. */
  @WithDefault("2500")
  int maxWaitingPerTenant();

  /** How large their requests may be together; a tenant has a quarter of it. */
  @WithDefault("64M")
  MemorySize maxWaitingBytes();

  /**
   * How much memory settled generations may take, without prompts and metadata: about 850 bytes for
   * a picture. The tenant that has most loses its oldest, which nobody can ask for any more.
   */
  @WithDefault("64M")
  MemorySize settledMemory();

  /**
   * How much memory prompts and metadata of settled generations may take, compressed; those of
   * older ones are read from their manifests when somebody asks, which takes the store.
   */
  @WithDefault("32M")
  MemorySize promptMemory();
}
