package dev.latentline.gateway.line;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The generations of which something is held in memory: the newest, within a bound of bytes. Where
 * there is no room the tenant that has most loses its oldest, so that nobody loses what is his to
 * another one's many. Not thread-safe.
 */
final class Held {
  private final long maxBytes;
  private final Map<String, Share> shares = new HashMap<>();
  private long bytes;

  private record One(String id, int bytes) {}

  private static final class Share {
    private final Deque<One> ones = new ArrayDeque<>();
    private long bytes;
  }

  Held(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Takes the newest one.
   *
   * @param size in bytes, at least 1
   * @return the ids of those that no longer fit, which may be this one
   */
  List<String> add(String tenant, String id, int size) {
    Share share = shares.computeIfAbsent(tenant, name -> new Share());
    share.ones.add(new One(id, size));
    share.bytes += size;
    bytes += size;
    List<String> dropped = new ArrayList<>();
    while (bytes > maxBytes) {
      dropped.add(drop());
    }
    return dropped;
  }

  private String drop() {
    Map.Entry<String, Share> largest =
        Collections.max(
            shares.entrySet(), Comparator.comparingLong(share -> share.getValue().bytes));
    Share share = largest.getValue();
    One oldest = share.ones.remove();
    share.bytes -= oldest.bytes();
    bytes -= oldest.bytes();
    if (share.ones.isEmpty()) {
      shares.remove(largest.getKey());
    }
    return oldest.id();
  }
}
