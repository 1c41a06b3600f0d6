package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.PoolModels;
import java.util.Comparator;
import java.util.List;

/**
 * What this replica computes on: one device, or several GPUs. Each has its own copy of the networks
 * and a step loop of its own, and a picture stays on the one where it began. Thread-safe.
 */
public final class Devices implements AutoCloseable {
  private final List<OnDevice> all;

  /** The networks on one device and the loop that makes their steps. */
  public record OnDevice(PoolModels models, StepLoop loop) {}

  /**
   * @param all at least one; closed with this one
   */
  public Devices(List<OnDevice> all) {
    this.all = List.copyOf(all);
  }

  /** The one that holds the fewest tasks. */
  public OnDevice idlest() {
    return all.stream().min(Comparator.comparingInt(one -> one.loop().held())).orElseThrow();
  }

  /**
   * Whether a further task may come. Not while there is one anywhere that is to be alone in the
   * process.
   */
  public boolean hasRoom() {
    return all.stream().noneMatch(one -> one.loop().isKeptForOne())
        && all.stream().anyMatch(one -> one.loop().hasRoom());
  }

  /** Whether the step that some device makes takes longer than any should. */
  public boolean hangs() {
    return all.stream().anyMatch(one -> one.loop().hangs());
  }

  /** How many models there are on each. */
  public int models() {
    return all.get(0).models().size();
  }

  /** How many networks are loaded, on all of them. */
  public int loaded() {
    return all.stream().mapToInt(one -> one.models().loaded()).sum();
  }

  /** Hands every task over, at the latest after its step, and unloads the networks. */
  @Override
  public void close() {
    all.forEach(one -> one.loop().close());
    all.forEach(one -> one.models().close());
  }
}
