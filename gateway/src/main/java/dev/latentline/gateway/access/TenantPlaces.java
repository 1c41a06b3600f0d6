package dev.latentline.gateway.access;

import java.util.HashMap;
import java.util.Map;

/** A bounded number of places, of which one tenant can take a part. Thread-safe. */
public final class TenantPlaces {
  private final int most;
  private final int mostPerTenant;
  private final Map<String, Integer> places = new HashMap<>();
  private int taken;

  /**
   * @param setting the settings' prefix, for the message of a wrong one: {prefix} and
   *     {prefix}-per-tenant
   */
  public TenantPlaces(String setting, int most, int mostPerTenant) {
    if (most < 1 || mostPerTenant < 1) {
      throw new IllegalArgumentException(
          setting + " and " + setting + "-per-tenant are at least 1");
    }
    this.most = most;
    this.mostPerTenant = mostPerTenant;
  }

  /** Takes a place, to be given back; false when there is none. */
  public synchronized boolean take(String tenant) {
    int own = places.getOrDefault(tenant, 0);
    if (taken >= most || own >= mostPerTenant) {
      return false;
    }
    taken++;
    places.put(tenant, own + 1);
    return true;
  }

  public synchronized void giveBack(String tenant) {
    taken--;
    places.computeIfPresent(tenant, (name, own) -> own == 1 ? null : own - 1);
  }
}
