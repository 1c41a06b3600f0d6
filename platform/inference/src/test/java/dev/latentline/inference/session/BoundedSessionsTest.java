package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BoundedSessionsTest {
  private final List<String> loaded = Collections.synchronizedList(new ArrayList<>());
  private final List<String> gone = Collections.synchronizedList(new ArrayList<>());
  private final BoundedSessions<String, Session> sessions = new BoundedSessions<>(2);

  private record Session(String key, List<String> gone) implements AutoCloseable {
    @Override
    public void close() {
      gone.add(key);
    }
  }

  private Session load(String key) {
    loaded.add(key);
    return new Session(key, gone);
  }

  private BoundedSessions<String, Session>.Held acquire(String key) {
    return sessions.acquire(key, 1, () -> load(key), () -> true).orElseThrow();
  }

  /** Begins to acquire and returns once it waits for room. */
  private CompletableFuture<BoundedSessions<String, Session>.Held> waiting(String key)
      throws InterruptedException {
    CountDownLatch waits = new CountDownLatch(1);
    BooleanSupplier goOn =
        () -> {
          waits.countDown();
          return true;
        };
    CompletableFuture<BoundedSessions<String, Session>.Held> acquired =
        CompletableFuture.supplyAsync(
            () -> sessions.acquire(key, 1, () -> load(key), goOn).orElseThrow());
    assertThat(waits.await(30, TimeUnit.SECONDS)).isTrue();
    return acquired;
  }

  @Test
  void theOneNotUsedForLongestGoes() {
    acquire("a").close();
    acquire("b").close();
    acquire("a").close();
    acquire("c").close();

    assertThat(loaded).containsExactly("a", "b", "c");
    assertThat(gone).containsExactly("b");
  }

  @Test
  void oneInUseStaysAndWhoFindsNoRoomWaitsForIt() throws Exception {
    BoundedSessions<String, Session>.Held a = acquire("a");
    BoundedSessions<String, Session>.Held b = acquire("b");
    CompletableFuture<BoundedSessions<String, Session>.Held> c = waiting("c");
    assertThat(gone).isEmpty();

    b.close();
    c.get(30, TimeUnit.SECONDS).close();

    assertThat(gone).containsExactly("b");
    a.close();
    assertThat(gone).containsExactly("b");
  }

  @Test
  void whoWaitsIsOvertakenOnlySoOften() throws Exception {
    BoundedSessions<String, Session>.Held a = acquire("a");
    BoundedSessions<String, Session>.Held b = acquire("b");
    CompletableFuture<BoundedSessions<String, Session>.Held> c = waiting("c");
    for (int i = 0; i < BoundedSessions.MAY_OVERTAKE; i++) {
      acquire("a").close();
    }

    CompletableFuture<BoundedSessions<String, Session>.Held> behind = waiting("a");
    assertThat(behind).isNotDone();
    b.close();
    c.get(30, TimeUnit.SECONDS).close();
    behind.get(30, TimeUnit.SECONDS).close();
    a.close();

    assertThat(loaded).containsExactly("a", "b", "c");
  }

  @Test
  void oneThatIsTooLargeIsLetInAlone() {
    acquire("a").close();
    try (BoundedSessions<String, Session>.Held large =
        sessions.acquire("large", 100, () -> load("large"), () -> true).orElseThrow()) {
      assertThat(large.session().key()).isEqualTo("large");
      assertThat(gone).containsExactly("a");
    }
  }

  @Test
  void whoDoesNotWantItAnyMoreGetsNothing() {
    try (BoundedSessions<String, Session>.Held a = acquire("a");
        BoundedSessions<String, Session>.Held b = acquire("b")) {
      assertThat(sessions.acquire("c", 1, () -> load("c"), () -> false))
          .isEqualTo(Optional.empty());
      assertThat(a.session()).isNotEqualTo(b.session());
    }
    acquire("c").close();
  }

  @Test
  void whatFailsIsTriedAgainByTheNext() {
    assertThatThrownBy(
            () ->
                sessions.acquire(
                    "a",
                    1,
                    () -> {
                      throw new IllegalArgumentException("broken");
                    },
                    () -> true))
        .hasMessage("broken");

    acquire("a").close();
    assertThat(loaded).containsExactly("a");
  }

  @Test
  void whereMemoryLacksThoseNotInUseGoFirst() {
    acquire("a").close();
    sessions
        .acquire(
            "b",
            1,
            () -> {
              if (gone.isEmpty()) {
                throw new GraphFailedException("no memory");
              }
              return load("b");
            },
            () -> true)
        .orElseThrow()
        .close();

    assertThat(gone).containsExactly("a");
    assertThat(loaded).containsExactly("a", "b");
  }

  /** For what LoRAs are added up in. */
  @Test
  void whereRoomLacksThoseNotInUseGoFirst() {
    acquire("a").close();
    sessions
        .acquire(
            "b",
            1,
            () -> {
              if (gone.isEmpty()) {
                throw new Failure.Retryable("not_enough_room", "no room");
              }
              return load("b");
            },
            () -> true)
        .orElseThrow()
        .close();

    assertThat(gone).containsExactly("a");
    assertThat(loaded).containsExactly("a", "b");
  }

  @Test
  void closingLeavesThoseInUseToTheirUsers() {
    BoundedSessions<String, Session>.Held a = acquire("a");
    acquire("b").close();

    sessions.close();
    assertThat(gone).containsExactly("b");
    a.close();
    assertThat(gone).containsExactly("b", "a");
    assertThatThrownBy(() -> acquire("c")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whoeverFindsTooLittleMemoryIsToldHowMuchItTakes() {
    acquire("a").close();

    assertThatThrownBy(
            () ->
                sessions.acquire(
                    "b",
                    1,
                    () -> {
                      throw new NotEnoughMemoryException("it takes 21 GB");
                    },
                    () -> true))
        .isInstanceOfSatisfying(
            Failure.Retryable.class, e -> assertThat(e.code()).isEqualTo("not_enough_memory"))
        .hasMessage("it takes 21 GB");
    assertThat(gone).as("what nobody used went first").containsExactly("a");
  }

  private BoundedSessions.Wanted<String, Session> wanted(String key, long bytes) {
    return new BoundedSessions.Wanted<>(key, bytes, () -> load(key));
  }

  private Optional<List<BoundedSessions<String, Session>.Held>> both(
      String one, String other, BooleanSupplier goOn) {
    return sessions.acquireAll(List.of(wanted(one, 1), wanted(other, 1)), goOn);
  }

  private static void close(List<BoundedSessions<String, Session>.Held> all) {
    all.forEach(BoundedSessions.Held::close);
  }

  @Test
  void whoNeedsTwoHasNoneOfThemWhileThereIsNoRoomForBoth() throws Exception {
    BoundedSessions<String, Session>.Held a = acquire("a");
    CountDownLatch waits = new CountDownLatch(1);
    CompletableFuture<List<BoundedSessions<String, Session>.Held>> two =
        CompletableFuture.supplyAsync(
            () ->
                both(
                        "b",
                        "c",
                        () -> {
                          waits.countDown();
                          return true;
                        })
                    .orElseThrow());
    assertThat(waits.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(loaded).containsExactly("a");

    a.close();

    List<BoundedSessions<String, Session>.Held> held = two.get(30, TimeUnit.SECONDS);
    assertThat(held).extracting(each -> each.session().key()).containsExactly("b", "c");
    assertThat(gone).containsExactly("a");
    close(held);
    close(both("c", "b", () -> true).orElseThrow());
    assertThat(loaded).containsExactly("a", "b", "c");
  }

  /** Each has one of the two in use; with one after the other they would wait for ever. */
  @Test
  void pairsThatOverlapEndEvenWhereOnlyOnePairHasRoom() throws Exception {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (List<String> pair :
        List.of(List.of("a", "b"), List.of("b", "c"), List.of("c", "a"), List.of("b", "a"))) {
      all.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 50; i++) {
                  close(both(pair.get(0), pair.get(1), () -> true).orElseThrow());
                }
              }));
    }
    for (CompletableFuture<Void> each : all) {
      each.get(30, TimeUnit.SECONDS);
    }
    assertThat(sessions.size()).isLessThanOrEqualTo(2);
  }

  @Test
  void twoThatAreTooLargeAreLetInWhenNobodyElseIsThere() {
    BoundedSessions<String, Session>.Held a = acquire("a");
    assertThat(sessions.acquireAll(List.of(wanted("large", 9), wanted("larger", 10)), () -> false))
        .isEmpty();

    a.close();
    List<BoundedSessions<String, Session>.Held> held =
        sessions
            .acquireAll(List.of(wanted("large", 9), wanted("larger", 10)), () -> true)
            .orElseThrow();

    assertThat(gone).containsExactly("a");
    close(held);
  }

  @Test
  void whereOneOfTwoCannotBeLoadedTheOtherIsGivenBack() {
    assertThatThrownBy(
            () ->
                sessions.acquireAll(
                    List.of(
                        wanted("a", 1),
                        new BoundedSessions.Wanted<>(
                            "broken",
                            1,
                            () -> {
                              throw new IllegalArgumentException("no graph");
                            })),
                    () -> true))
        .hasMessage("no graph");

    close(both("b", "c", () -> true).orElseThrow());
    assertThat(gone).containsExactly("a");
  }
}
