package dev.latentline.gateway.line;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How much was accepted and is not settled, and whether more may come: while the store is away what
 * has ended stays, too. Fed with every change of every generation; not thread-safe.
 */
final class Waiting {
  private static final Load NOTHING = new Load(0, 0);

  /** One tenant has at most this part of the bytes. */
  private static final int SHARES = 4;

  /** A request in the line may be a little larger than the body it came as. */
  private static final long MIN_BYTES = SHARES * 2L * Limits.MAX_JSON_BYTES;

  private final Load most;
  private final Load mostPerTenant;
  private final Map<String, Load> tenants = new HashMap<>();
  private Load all = NOTHING;

  /** Generations and the bytes of their requests. */
  record Load(int generations, long bytes) {
    private Load plus(int more, long bytesEach) {
      return new Load(generations + more, bytes + more * bytesEach);
    }

    private boolean within(Load limit) {
      return generations <= limit.generations && bytes <= limit.bytes;
    }
  }

  /**
   * @param maxBytes of all requests, at least 512 KiB; a tenant has a quarter of it
   */
  Waiting(int max, int maxPerTenant, long maxBytes) {
    if (max < 1 || maxPerTenant < 1 || maxBytes < MIN_BYTES) {
      throw new IllegalArgumentException(
          "latentline.dispatch.max-waiting and max-waiting-per-tenant are at least 1,"
              + " max-waiting-bytes at least "
              + MIN_BYTES);
    }
    most = new Load(max, maxBytes);
    mostPerTenant = new Load(maxPerTenant, maxBytes / SHARES);
  }

  /** Takes a change into account; before is empty when the generation is new. */
  void update(Optional<GenerationState> before, GenerationState after) {
    boolean counted = before.isPresent() && !isOver(before.get());
    if (counted != isOver(after)) {
      return;
    }
    int change = counted ? -1 : 1;
    long bytes = after.request().getSerializedSize();
    all = all.plus(change, bytes);
    tenants.compute(
        after.request().getTenant(),
        (tenant, load) -> {
          Load now = (load == null ? NOTHING : load).plus(change, bytes);
          return now.equals(NOTHING) ? null : now;
        });
  }

  /** A live frame is settled long after its end, on purpose, and holds up no other one. */
  private static boolean isOver(GenerationState state) {
    return state.settled() || (state.ended() && state.request().getLive());
  }

  /** Whether neither its tenant nor all together would have too much with it. */
  boolean hasRoomFor(GenerationRequest request) {
    long bytes = request.getSerializedSize();
    return all.plus(1, bytes).within(most)
        && of(request.getTenant()).plus(1, bytes).within(mostPerTenant);
  }

  Load all() {
    return all;
  }

  Load of(String tenant) {
    return tenants.getOrDefault(tenant, NOTHING);
  }
}
