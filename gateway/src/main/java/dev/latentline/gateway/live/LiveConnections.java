package dev.latentline.gateway.live;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The sessions that are open, and whether there is room for another. Thread-safe. */
final class LiveConnections {
  private final int most;
  private final int mostPerTenant;
  private final Map<String, Integer> places = new HashMap<>();
  private final Set<LiveSession> open = new HashSet<>();
  private int taken;
  private boolean closing;

  LiveConnections(int most, int mostPerTenant) {
    if (most < 1 || mostPerTenant < 1) {
      throw new IllegalArgumentException(
          "latentline.live.max-connections and max-connections-per-tenant are at least 1");
    }
    this.most = most;
    this.mostPerTenant = mostPerTenant;
  }

  /** Takes a place, to be given back; false when there is none. */
  synchronized boolean take(String tenant) {
    int own = places.getOrDefault(tenant, 0);
    if (closing || taken >= most || own >= mostPerTenant) {
      return false;
    }
    taken++;
    places.put(tenant, own + 1);
    return true;
  }

  synchronized void giveBack(String tenant) {
    taken--;
    places.computeIfPresent(tenant, (name, own) -> own == 1 ? null : own - 1);
  }

  /** False when all are being closed: it is to be closed too. */
  synchronized boolean opened(LiveSession session) {
    open.add(session);
    return !closing;
  }

  synchronized void closed(LiveSession session) {
    open.remove(session);
  }

  /** From now on there is no place; those that are open. */
  synchronized List<LiveSession> close() {
    closing = true;
    return List.copyOf(open);
  }
}
