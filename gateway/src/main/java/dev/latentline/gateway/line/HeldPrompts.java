package dev.latentline.gateway.line;

import dev.latentline.gateway.fold.GenerationState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The settled generations whose prompts are still in memory: the newest, within a bound of bytes.
 * Those of older ones are in their manifests. Not thread-safe.
 */
final class HeldPrompts {
  private final long maxBytes;
  private final Deque<Held> held = new ArrayDeque<>();
  private long bytes;

  private record Held(String id, int bytes) {}

  HeldPrompts(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Takes one that was settled just now.
   *
   * @return the generations whose prompts no longer fit, which may be this one
   */
  List<String> add(GenerationState settled) {
    Held newest = new Held(settled.id(), settled.request().getSerializedSize());
    held.add(newest);
    bytes += newest.bytes();
    List<String> dropped = new ArrayList<>();
    while (bytes > maxBytes) {
      Held oldest = held.remove();
      bytes -= oldest.bytes();
      dropped.add(oldest.id());
    }
    return dropped;
  }
}
