package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.testkit.Patience;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(Patience.TEST_SECONDS)
class HeapBudgetTest {
  private static final BooleanSupplier NEVER = () -> false;

  private final ExecutorService workers = Executors.newCachedThreadPool();
  private final HeapBudget heap = new HeapBudget(100, 150);

  @AfterEach
  void end() {
    workers.shutdownNow();
  }

  private HeapBudget.Reservation now(long bytes) {
    return heap.reserve(bytes, NEVER).orElseThrow();
  }

  private boolean hasRoomNow(long bytes) {
    Optional<HeapBudget.Reservation> room = heap.reserve(bytes, NEVER);
    room.ifPresent(HeapBudget.Reservation::close);
    return room.isPresent();
  }

  /** Begins to reserve and returns once it waits. */
  private CompletableFuture<Optional<HeapBudget.Reservation>> waiting(
      long bytes, BooleanSupplier goOn) throws InterruptedException {
    CountDownLatch waits = new CountDownLatch(1);
    CompletableFuture<Optional<HeapBudget.Reservation>> reserved =
        CompletableFuture.supplyAsync(
            () ->
                heap.reserve(
                    bytes,
                    () -> {
                      waits.countDown();
                      return goOn.getAsBoolean();
                    }),
            workers);
    assertThat(waits.await(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return reserved;
  }

  private static HeapBudget.Reservation got(
      CompletableFuture<Optional<HeapBudget.Reservation>> reserved) throws Exception {
    return reserved.get(Patience.SOON.toSeconds(), TimeUnit.SECONDS).orElseThrow();
  }

  @Test
  void whatFitsIsLetInAtOnceAndGivesBackOnce() {
    HeapBudget.Reservation first = now(60);
    HeapBudget.Reservation second = now(40);
    assertThat(heap.reserved()).isEqualTo(100);
    assertThat(hasRoomNow(1)).isFalse();

    first.close();
    first.close();

    assertThat(heap.reserved()).isEqualTo(40);
    assertThat(hasRoomNow(60)).isTrue();
    assertThat(hasRoomNow(61)).isFalse();
    second.close();
    assertThat(heap.reserved()).isZero();
    assertThat(heap.isAwaited()).isFalse();
  }

  @Test
  void whoFindsNoRoomWaitsUntilThereIsSome() throws Exception {
    HeapBudget.Reservation first = now(60);
    CompletableFuture<Optional<HeapBudget.Reservation>> second = waiting(60, () -> true);
    assertThat(second).isNotDone();
    assertThat(heap.isAwaited()).isTrue();

    first.close();

    try (HeapBudget.Reservation reserved = got(second)) {
      assertThat(reserved).isNotNull();
      assertThat(heap.reserved()).isEqualTo(60);
      assertThat(heap.isAwaited()).isFalse();
    }
  }

  @Test
  void whatIsNotTakenAnyMoreMakesRoom() throws Exception {
    HeapBudget.Reservation first = now(100);
    CompletableFuture<Optional<HeapBudget.Reservation>> second = waiting(30, () -> true);

    first.reduceTo(70);

    got(second).close();
    assertThat(heap.reserved()).isEqualTo(70);
    assertThatThrownBy(() -> first.reduceTo(71)).isInstanceOf(IllegalArgumentException.class);
    first.close();
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void whoCameFirstIsServedFirstAlsoWhereALaterOneWouldFit() throws Exception {
    HeapBudget.Reservation held = now(50);
    HeapBudget.Reservation other = now(40);
    CompletableFuture<Optional<HeapBudget.Reservation>> large = waiting(60, () -> true);
    CompletableFuture<Optional<HeapBudget.Reservation>> small = waiting(10, () -> true);
    assertThat(small).as("although there is room").isNotDone();

    held.close();
    HeapBudget.Reservation largest = got(large);
    assertThat(small).isNotDone();
    other.close();

    got(small).close();
    largest.close();
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void severalThatWaitAreLetInTogetherWhereTheyFit() throws Exception {
    HeapBudget.Reservation held = now(100);
    CompletableFuture<Optional<HeapBudget.Reservation>> first = waiting(50, () -> true);
    CompletableFuture<Optional<HeapBudget.Reservation>> second = waiting(50, () -> true);

    held.close();

    try (HeapBudget.Reservation one = got(first);
        HeapBudget.Reservation two = got(second)) {
      assertThat(one).isNotSameAs(two);
      assertThat(heap.reserved()).isEqualTo(100);
    }
  }

  @Test
  void whoDoesNotWantItAnyMoreIsNobodysObstacle() throws Exception {
    HeapBudget.Reservation held = now(50);
    AtomicBoolean wanted = new AtomicBoolean(true);
    CompletableFuture<Optional<HeapBudget.Reservation>> large = waiting(60, wanted::get);
    CompletableFuture<Optional<HeapBudget.Reservation>> small = waiting(10, () -> true);

    wanted.set(false);

    assertThat(large.get(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isEmpty();
    got(small).close();
    held.close();
    assertThat(heap.reserved()).isZero();
    assertThat(heap.isAwaited()).isFalse();
  }

  @Test
  void whoIsInterruptedOrFailsWhileItWaitsLeavesNothingBehind() throws Exception {
    HeapBudget.Reservation held = now(100);
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    CompletableFuture<Optional<HeapBudget.Reservation>> interrupted =
        waiting(1, () -> thread.complete(Thread.currentThread()) || true);
    thread.join().interrupt();

    assertThat(interrupted.get(Patience.SOON.toSeconds(), TimeUnit.SECONDS)).isEmpty();
    assertThatThrownBy(
            () ->
                heap.reserve(
                    1,
                    () -> {
                      throw new IllegalStateException("cannot say");
                    }))
        .hasMessage("cannot say");
    assertThat(heap.isAwaited()).isFalse();
    held.close();
    assertThat(hasRoomNow(100)).isTrue();
  }

  @Test
  void oneThatIsLargerThanAllIsLetInAlone() throws Exception {
    HeapBudget.Reservation small = now(1);
    CompletableFuture<Optional<HeapBudget.Reservation>> large = waiting(150, () -> true);
    small.close();

    HeapBudget.Reservation alone = got(large);
    CompletableFuture<Optional<HeapBudget.Reservation>> next = waiting(1, () -> true);
    assertThat(next).isNotDone();
    alone.close();

    got(next).close();
    assertThat(heap.reserved()).isZero();
  }

  @Test
  void oneThatDoesNotFitEvenAloneIsRefused() {
    assertThatThrownBy(() -> heap.reserve(151, () -> true))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsupported_request"))
        .hasMessageContaining("memory");
    assertThat(heap.isAwaited()).isFalse();
    assertThat(hasRoomNow(100)).isTrue();
  }

  @Test
  void picturesHaveHalfOfTheHeapAndOneAloneThreeQuarters() {
    HeapBudget half = HeapBudget.ofHeap(1000);
    try (HeapBudget.Reservation one = half.reserve(499, NEVER).orElseThrow()) {
      assertThat(half.reserve(2, NEVER)).isEmpty();
      assertThat(half.reserve(1, NEVER)).isPresent();
      assertThat(one).isNotNull();
    }
    assertThatThrownBy(() -> half.reserve(751, NEVER)).isInstanceOf(Failure.Rejected.class);
  }
}
