package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.testkit.Patience;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/** Which of several gets a record: that is a race, and whoever works beside it takes part. */
@Isolated
@Timeout(Patience.TEST_SECONDS)
class SharedQueueIT extends SlotsAtABroker {
  @Test
  void slotsShareABacklog() {
    Set<String> done = ConcurrentHashMap.newKeySet();
    List<Set<String>> bySlot =
        List.of(ConcurrentHashMap.newKeySet(), ConcurrentHashMap.newKeySet());
    for (Set<String> mine : bySlot) {
      start(
          LOCK,
          item -> {
            mine.add(item.key());
            done.add(item.key());
            return new CompletableFuture<Void>().completeOnTimeout(null, 20, TimeUnit.MILLISECONDS);
          });
    }
    // the first member of a new group has its share a heartbeat after the second one
    await()
        .atMost(SOON)
        .until(
            () -> {
              write("before");
              return bySlot.stream().noneMatch(Set::isEmpty);
            });
    for (int i = 0; i < 60; i++) {
      write("task-" + i);
    }

    await().atMost(SOON).until(() -> done.size() == 61);
    assertThat(bySlot).allSatisfy(mine -> assertThat(mine).hasSizeGreaterThan(15));
  }

  @Test
  void aReplicaAtNothingIsServedBeforeOneAtWork() {
    List<WorkItem> held = new CopyOnWriteArrayList<>();
    CompletableFuture<Void> released = new CompletableFuture<>();
    List<WorkItem> further = new CopyOnWriteArrayList<>();
    List<WorkItem> idle = new CopyOnWriteArrayList<>();
    replica(
        item -> {
          boolean isLong = item.key().equals("long");
          (isLong ? held : further).add(item);
          return isLong ? released : CompletableFuture.completedFuture(null);
        });
    write("long");
    await().atMost(SOON).until(() -> held.size() == 1);
    // the member that takes a further one joins
    write("further");
    await().atMost(SOON).until(() -> further.size() == 1);
    List<ShareSlot> other =
        replica(
            item -> {
              idle.add(item);
              return CompletableFuture.completedFuture(null);
            });
    await().atMost(SOON).until(() -> other.get(0).polling());

    for (int i = 1; i <= 40; i++) {
      int written = i;
      write("task-" + i);
      await().atMost(SOON).until(() -> idle.size() + further.size() == written + 1);
    }

    assertThat(idle).hasSizeGreaterThan(further.size());
    released.complete(null);
  }

  private List<ShareSlot> replica(Function<WorkItem, CompletableFuture<Void>> stage) {
    return start(
        queue(LOCK, QueueSettings.DEFAULT_STALL_LIMIT),
        work(stage),
        SlotGate.shared(4, taken -> true));
  }
}
