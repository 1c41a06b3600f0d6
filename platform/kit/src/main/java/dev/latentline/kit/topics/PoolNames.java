package dev.latentline.kit.topics;

import java.util.Collection;

/**
 * The pools whose topics this service needs. A bean of services that deal with all of them; without
 * one the service needs those of latentline.pool.
 */
public interface PoolNames {
  Collection<String> names();
}
