package dev.latentline.denoiser.loop;

import dev.latentline.denoiser.network.PoolModels;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What this replica computes on: one device, or several GPUs. Each has its own copy of the networks
 * and a step loop of its own, and a picture stays on the one where it began. Thread-safe.
 */
public final class Devices implements AutoCloseable {
  private final List<OnDevice> all;

  /** How many tasks each has, by its place in all. */
  private final int[] tasks;

  /** The networks on one device and the loop that makes their steps. */
  public record OnDevice(PoolModels models, StepLoop loop) {}

  /**
   * @param all at least one; closed with this one
   */
  public Devices(List<OnDevice> all) {
    this.all = List.copyOf(all);
    this.tasks = new int[all.size()];
  }

  /** A task's place on a device, until it is closed. */
  public final class Place implements AutoCloseable {
    private final int index;

    private Place(int index) {
      this.index = index;
    }

    public OnDevice device() {
      return all.get(index);
    }

    @Override
    public void close() {
      synchronized (tasks) {
        tasks[index]--;
      }
    }
  }

  /**
   * A place for a task on the device that has the fewest: also those count that are not in its loop
   * yet, since their network is being loaded. To be closed once, when the task is no longer here.
   */
  public Place take() {
    synchronized (tasks) {
      int idlest =
          IntStream.range(0, tasks.length)
              .boxed()
              .min(Comparator.comparingInt(index -> tasks[index]))
              .orElseThrow();
      tasks[idlest]++;
      return new Place(idlest);
    }
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
