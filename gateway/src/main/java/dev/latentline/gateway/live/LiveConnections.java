package dev.latentline.gateway.live;

import dev.latentline.gateway.access.TenantPlaces;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The sessions that are open, and whether there is room for another. Thread-safe. */
final class LiveConnections {
  private final TenantPlaces places;
  private final Set<LiveSession> open = new HashSet<>();
  private boolean closing;

  LiveConnections(int most, int mostPerTenant) {
    this.places = new TenantPlaces("latentline.live.max-connections", most, mostPerTenant);
  }

  /** Takes a place, to be given back; false when there is none. */
  synchronized boolean take(String tenant) {
    return !closing && places.take(tenant);
  }

  void giveBack(String tenant) {
    places.giveBack(tenant);
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
