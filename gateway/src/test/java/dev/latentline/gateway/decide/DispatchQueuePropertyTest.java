package dev.latentline.gateway.decide;

import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadlinePassed;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class DispatchQueuePropertyTest {
  private static final List<String> POOLS = List.of("one", "two");

  /** Something that happens to the generation of that number. */
  private record Change(int number, int count, int arrivedMs, GenerationEvent fact) {}

  @Property
  void itSaysWhatARecountOfAllGenerationsSays(
      @ForAll("changes") List<Change> changes, @ForAll @IntRange(min = 1, max = 9) int window) {
    DispatchQueue queue = new DispatchQueue(window);
    Map<String, GenerationState> all = new LinkedHashMap<>();
    for (Change change : changes) {
      make(change, queue, all);

      List<GenerationState> expected = new ArrayList<>();
      POOLS.forEach(pool -> expected.addAll(recount(pool, window, all)));
      assertThat(queue.admitted()).containsExactlyInAnyOrderElementsOf(expected);
      for (GenerationState state : all.values()) {
        int before = waiting(state.request().getPool(), all).indexOf(state);
        assertThat(queue.position(state))
            .isEqualTo(before < 0 ? OptionalInt.empty() : OptionalInt.of(before));
      }
    }
  }

  @Property
  void whoeverFollowsItNeverPutsMoreIntoTheLineThanTheWindowOrOneGeneration(
      @ForAll("changes") List<Change> changes, @ForAll @IntRange(min = 1, max = 9) int window) {
    DispatchQueue queue = new DispatchQueue(window);
    Map<String, GenerationState> all = new LinkedHashMap<>();
    for (Change change : changes) {
      if (!change.fact().hasDispatched()) {
        make(change, queue, all);
      }
      for (int left = all.size(); !queue.admitted().isEmpty(); left--) {
        assertThat(left).as("what is dispatched is not let in again").isPositive();
        fold(queue.admitted().get(0).id(), dispatched(), queue, all);
      }
      for (String pool : POOLS) {
        List<GenerationState> inLine =
            all.values().stream()
                .filter(state -> state.request().getPool().equals(pool))
                .filter(state -> state.tasksInLine() > 0)
                .toList();
        int tasks = inLine.stream().mapToInt(GenerationState::tasksInLine).sum();
        assertThat(tasks <= window || inLine.size() == 1)
            .as("%d tasks of %d generations in a window of %d", tasks, inLine.size(), window)
            .isTrue();
        assertThat(inLine.isEmpty() && !waiting(pool, all).isEmpty())
            .as("somebody waits for an empty line")
            .isFalse();
      }
    }
  }

  @Property
  void nobodyIsOvertaken(
      @ForAll("changes") List<Change> changes, @ForAll @IntRange(min = 1, max = 9) int window) {
    DispatchQueue queue = new DispatchQueue(window);
    Map<String, GenerationState> all = new LinkedHashMap<>();
    for (Change change : changes) {
      make(change, queue, all);
      for (String pool : POOLS) {
        List<GenerationState> waiting = waiting(pool, all);
        List<GenerationState> admitted =
            queue.admitted().stream()
                .filter(state -> state.request().getPool().equals(pool))
                .toList();
        assertThat(admitted).isEqualTo(waiting.subList(0, admitted.size()));
      }
    }
  }

  private static void make(Change change, DispatchQueue queue, Map<String, GenerationState> all) {
    String id = "gen_" + change.number();
    if (!all.containsKey(id)) {
      fold(
          id,
          accepted(
              request(change.count())
                  .setGenerationId(id)
                  .setPool(POOLS.get(change.number() % POOLS.size()))
                  .setAcceptedAtMs(change.arrivedMs())
                  .build()),
          queue,
          all);
    }
    fold(id, change.fact(), queue, all);
  }

  private static void fold(
      String id, GenerationEvent fact, DispatchQueue queue, Map<String, GenerationState> all) {
    Optional<GenerationState> before = Optional.ofNullable(all.get(id));
    GenerationState after = Fold.apply(before, fact, 0).orElseThrow();
    queue.update(before, after);
    all.put(id, after);
  }

  private static List<GenerationState> waiting(String pool, Map<String, GenerationState> all) {
    return all.values().stream()
        .filter(state -> state.request().getPool().equals(pool) && state.waiting())
        .sorted(
            Comparator.comparing((GenerationState state) -> state.request().getAcceptedAtMs())
                .thenComparing(GenerationState::id))
        .toList();
  }

  private static List<GenerationState> recount(
      String pool, int window, Map<String, GenerationState> all) {
    int room =
        window
            - all.values().stream()
                .filter(state -> state.request().getPool().equals(pool))
                .mapToInt(GenerationState::tasksInLine)
                .sum();
    List<GenerationState> admitted = new ArrayList<>();
    for (GenerationState next : waiting(pool, all)) {
      boolean alone = room == window;
      if (!alone && next.request().getCount() > room) {
        return admitted;
      }
      room -= next.request().getCount();
      admitted.add(next);
    }
    return admitted;
  }

  @Provide
  Arbitrary<List<Change>> changes() {
    Arbitrary<GenerationEvent> facts =
        Arbitraries.of(
            dispatched(),
            dispatched(),
            stored(0),
            stored(1),
            stored(2),
            imageFailed(0, "x"),
            imageFailed(1, "x"),
            cancelRequested(),
            deadlinePassed(),
            succeeded(),
            cancelled(),
            GenerationEvent.getDefaultInstance(),
            GenerationEvent.getDefaultInstance());
    return Combinators.combine(
            Arbitraries.integers().between(0, 11),
            Arbitraries.integers().between(1, 6),
            Arbitraries.integers().between(0, 5),
            facts)
        .as(Change::new)
        .list()
        .ofMaxSize(40);
  }
}
