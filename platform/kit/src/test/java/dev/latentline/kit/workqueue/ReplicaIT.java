package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.JavaCommand;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replicas that hold several records of a share group at once. */
@Timeout(Patience.TEST_SECONDS)
class ReplicaIT extends SlotsAtABroker {
  private static final String[] FOUR = {"a", "b", "c", "d"};

  /** In which a test does not end: what a test waits for does not come from its end. */
  private static final Duration LONG_LOCK = Duration.ofMinutes(30);

  private final List<WorkItem> held = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private ChildProcess process;

  @AfterEach
  void end() {
    released.complete(null);
    if (process != null) {
      process.kill();
    }
  }

  @Test
  void aReplicaHoldsAsManyRecordsAsSlotsForLongerThanTheirLocks() {
    replica(4, this::hold);
    writeFour();
    write("e");
    await().atMost(SOON).until(() -> held.size() >= 4);

    await().during(LOCK.multipliedBy(3)).atMost(SOON).until(() -> held.size() == 4);
    assertThat(held).noneMatch(item -> item.lease().lost());
    assertThat(keys(held)).containsExactlyInAnyOrder(FOUR);
    released.complete(null);

    await().atMost(SOON).until(() -> held.size() == 5);
    assertThat(held).extracting(WorkItem::attempt).containsOnly(1);
  }

  @Test
  void whatAKilledReplicaHeldComesToAnotherLongBeforeTheLocksEnd() {
    lock(LONG_LOCK);
    startProcess(LONG_LOCK);
    writeFour();
    awaitPrinted("held");

    process.kill();

    replica(4, this::hold);
    await().atMost(SOON).until(() -> held.size() >= 4);
    assertThat(keys(held)).containsExactlyInAnyOrder(FOUR);
    assertThat(held).extracting(WorkItem::attempt).containsOnly(2);
  }

  @Test
  void aFrozenReplicaLosesWhatItHeldAndIsToldWhenItGoesOn() {
    startProcess(LOCK);
    writeFour();
    awaitPrinted("held");

    process.freeze();

    replica(4, this::hold);
    await().atMost(SOON).until(() -> held.size() >= 4);
    process.thaw();
    awaitPrinted("lost");
    await().during(LOCK.multipliedBy(2)).atMost(SOON).until(() -> held.size() == 4);
    assertThat(keys(held)).containsExactlyInAnyOrder(FOUR);
    assertThat(held).noneMatch(item -> item.lease().lost());
  }

  @Test
  void aReplicaThatComesAndGoesTouchesNothingThatIsHeld() {
    replica(4, this::hold);
    writeFour();
    await().atMost(SOON).until(() -> held.size() == 4);

    List<ShareSlot> third = replica(2, this::hold);
    await().atMost(SOON).until(() -> third.get(0).polling());
    stop(third);

    await().during(LOCK.multipliedBy(2)).atMost(SOON).until(() -> held.size() == 4);
    assertThat(held).noneMatch(item -> item.lease().lost());
    released.complete(null);
    write("next");
    await().atMost(SOON).until(() -> held.size() == 5);
    assertThat(held.get(4).key()).isEqualTo("next");
  }

  @Test
  void theLossOfOneLockTouchesNoOther() {
    SlotGate gate = SlotGate.shared(4, taken -> true);
    StageWork work = work(this::hold);
    for (int member = 0; member < gate.members(); member++) {
      // one renews too late
      Duration lock = member == 2 ? LOCK.multipliedBy(6) : LOCK;
      ShareSlot slot =
          new ShareSlot(
              queue(lock, QueueSettings.DEFAULT_STALL_LIMIT), client(), work, gate, member);
      slots.add(slot);
      slot.start();
    }
    writeFour();

    await().atMost(SOON).until(() -> held.size() >= 5);
    WorkItem again = held.get(4);
    assertThat(again.attempt()).isEqualTo(2);
    await().during(LOCK.multipliedBy(2)).atMost(SOON).until(() -> held.size() >= 5);
    assertThat(held)
        .filteredOn(item -> !item.key().equals(again.key()))
        .hasSize(3)
        .noneMatch(item -> item.lease().lost());
  }

  @Test
  void workThatIsQuietForLongerThanItSaidLosesItsRecordAlone() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    List<WorkItem> seen = new CopyOnWriteArrayList<>();
    replica(
        2,
        item -> {
          seen.add(item);
          if (item.key().equals("hangs") && item.attempt() == 1) {
            item.lease().progress(Duration.ofMillis(500));
            return never;
          }
          return item.key().equals("hangs") ? CompletableFuture.completedFuture(null) : released;
        });
    write("steady");
    await().atMost(SOON).until(() -> seen.size() == 1);
    write("hangs");
    await().atMost(SOON).until(() -> seen.size() == 2);
    replica(1, item -> workAgain(seen, item));

    await().atMost(SOON).until(() -> seen.size() == 3);
    assertThat(seen.get(2).key()).isEqualTo("hangs");
    assertThat(seen.get(2).attempt()).isEqualTo(2);
    assertThat(seen.get(1).lease().lost()).isTrue();
    assertThat(seen.get(0).lease().lost()).isFalse();
    never.complete(null);
  }

  private static CompletableFuture<Void> workAgain(List<WorkItem> seen, WorkItem item) {
    seen.add(item);
    return CompletableFuture.completedFuture(null);
  }

  @Test
  void atWorkItTakesAFurtherRecordOnlyWhereOneIsWanted() {
    AtomicBoolean wanted = new AtomicBoolean();
    start(settings(), work(this::hold), SlotGate.shared(4, taken -> wanted.get()));
    write("first");
    await().atMost(SOON).until(() -> held.size() == 1);
    write("second");
    await().during(LOCK).atMost(SOON).until(() -> held.size() == 1);

    wanted.set(true);

    await().atMost(SOON).until(() -> held.size() == 2);
  }

  @Test
  void atShutdownEverythingHeldIsHandedOnAtItsNextPoint() {
    List<WorkItem> stopping = new CopyOnWriteArrayList<>();
    List<ShareSlot> first =
        replica(
            4,
            item -> {
              stopping.add(item);
              return stopAtThePoint(item, 250 * stopping.size());
            });
    writeFour();
    await().atMost(SOON).until(() -> stopping.size() == 4);

    long begin = System.nanoTime();
    stop(first);

    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    assertThat(stopping).noneMatch(item -> item.lease().lost());
    replica(4, this::hold);
    await().atMost(SOON).until(() -> held.size() >= 4);
    assertThat(keys(held)).containsExactlyInAnyOrder(FOUR);
    assertThat(held).extracting(WorkItem::attempt).containsOnly(1);
  }

  private static CompletableFuture<Void> stopAtThePoint(WorkItem item, long millis) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    item.lease()
        .onEnding(
            () ->
                CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS)
                    .execute(() -> ended.completeExceptionally(new HandOverException("shutdown"))));
    return ended;
  }

  @Test
  void ofAQueueWithSeveralPartitionsEachIsServed() {
    topic = topic + "-divided";
    Topics.create(stack.bootstrapServers(), topic, 5);
    Topics.readFromTheBeginning(stack.bootstrapServers(), group());
    List<WorkItem> seen = new CopyOnWriteArrayList<>();
    start(settings(), work(item -> workAgain(seen, item)), SlotGate.divided(2));
    for (int i = 0; i < 40; i++) {
      write("task-" + i);
    }

    await().atMost(SOON).until(() -> seen.size() == 40);
  }

  private CompletableFuture<Void> hold(WorkItem item) {
    held.add(item);
    CompletableFuture<Void> ended = new CompletableFuture<>();
    released.thenRun(() -> ended.complete(null));
    item.lease().onLost(() -> ended.complete(null));
    return ended;
  }

  private List<ShareSlot> replica(int slots, Function<WorkItem, CompletableFuture<Void>> stage) {
    return start(settings(), work(stage), SlotGate.shared(slots, taken -> true));
  }

  private QueueSettings settings() {
    return queue(LOCK, QueueSettings.DEFAULT_STALL_LIMIT);
  }

  private void writeFour() {
    for (String key : FOUR) {
      write(key);
    }
  }

  private static Set<String> keys(List<WorkItem> items) {
    return items.stream().map(WorkItem::key).collect(Collectors.toSet());
  }

  private static void stop(List<ShareSlot> replica) {
    replica.forEach(ShareSlot::end);
    replica.forEach(ShareSlot::close);
  }

  private void startProcess(Duration lock) {
    String tests = System.getProperty("java.class.path");
    List<String> command =
        new JavaCommand()
            .light(128)
            .classpath(System.getProperty("surefire.test.class.path", tests))
            .main(
                ReplicaProcess.class.getName(),
                stack.bootstrapServers(),
                topic,
                group(),
                Long.toString(lock.toMillis()),
                "4");
    process =
        ChildProcess.start(
            new ChildProcess.Spec(
                "replica",
                command,
                Map.of(),
                stack.folder(),
                stack.folder().resolve(topic + ".log")));
  }

  /** Waits until the process has said it of all four. */
  private void awaitPrinted(String what) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(printed()).contains(what + " a", what + " b", what + " c", what + " d"));
  }

  private List<String> printed() {
    try {
      return Files.readAllLines(process.log());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
