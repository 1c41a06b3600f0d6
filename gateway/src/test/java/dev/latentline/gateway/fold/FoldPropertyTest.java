package dev.latentline.gateway.fold;

import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.at;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.deadLettered;
import static dev.latentline.gateway.fold.TestFacts.deadlinePassed;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.encoded;
import static dev.latentline.gateway.fold.TestFacts.everyImageDeadLettered;
import static dev.latentline.gateway.fold.TestFacts.everyImageFailed;
import static dev.latentline.gateway.fold.TestFacts.failed;
import static dev.latentline.gateway.fold.TestFacts.foldAll;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.proto.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

class FoldPropertyTest {
  private static final int IMAGES = 3;

  @Property
  void everyFieldOnlyAdvancesAndWhatChangesNothingLeavesTheVerySameState(
      @ForAll("logs") List<GenerationEvent> log) {
    GenerationState before = null;
    for (int offset = 0; offset < log.size(); offset++) {
      Optional<GenerationState> after =
          Fold.apply(Optional.ofNullable(before), log.get(offset), offset);
      if (before != null && after.orElseThrow() != before) {
        assertAdvanced(before, after.get(), offset);
      }
      before = after.orElse(null);
    }
  }

  private static void assertAdvanced(GenerationState before, GenerationState after, long offset) {
    assertThat(atOffset(0, after)).isNotEqualTo(atOffset(0, before));
    assertThat(after.request()).isEqualTo(before.request());
    assertKept(before.encoded(), after.encoded());
    assertKept(before.outcome(), after.outcome());
    assertThat(before.dispatchedAtMs()).isIn(OptionalLong.empty(), after.dispatchedAtMs());
    assertThat(before.endedAtMs()).isIn(OptionalLong.empty(), after.endedAtMs());
    assertThat(before.cancelRequested()).isIn(false, after.cancelRequested());
    assertThat(before.deadlinePassed()).isIn(false, after.deadlinePassed());
    assertThat(before.settled()).isIn(false, after.settled());
    assertThat(after.lastOffset()).isEqualTo(after.settled() ? before.lastOffset() : offset);
    assertThat(after.images()).hasSameSizeAs(before.images());
    for (int index = 0; index < before.images().size(); index++) {
      assertKept(before.images().get(index).denoised(), after.images().get(index).denoised());
      assertKept(before.images().get(index).stored(), after.images().get(index).stored());
      assertKept(before.images().get(index).failed(), after.images().get(index).failed());
    }
  }

  private static void assertKept(Optional<?> before, Optional<?> after) {
    if (before.isPresent()) {
      assertThat(after).isEqualTo(before);
    }
  }

  @Property
  void theStateIsWhatAPlainReadingOfTheLogSays(@ForAll("logs") List<GenerationEvent> log) {
    Optional<GenerationState> state = foldAll(log);

    List<GenerationEvent> heard = fromAccepted(log);
    if (heard.isEmpty()) {
      assertThat(state).isEmpty();
      return;
    }
    assertThat(state.map(known -> atOffset(0, known))).contains(plainly(heard));
  }

  /** The naive oracle: each field is found in the whole log, on its own. */
  private static GenerationState plainly(List<GenerationEvent> heard) {
    Predicate<GenerationEvent> terminal =
        fact -> fact.hasSucceeded() || fact.hasFailed() || fact.hasCancelled();
    Optional<GenerationEvent> end = heard.stream().filter(terminal).findFirst();
    int endsAt = end.map(heard::indexOf).orElse(heard.size());
    List<GenerationEvent> before = heard.subList(0, endsAt);
    List<GenerationEvent> after = heard.subList(Math.min(endsAt + 1, heard.size()), heard.size());
    return new GenerationState(
        heard.get(0).getAccepted().getRequest(),
        first(before, GenerationEvent::hasDispatched)
            .map(fact -> OptionalLong.of(fact.getAtMs()))
            .orElse(OptionalLong.empty()),
        first(before, GenerationEvent::hasEncoded).map(GenerationEvent::getEncoded),
        IntStream.range(0, IMAGES).mapToObj(index -> plainly(before, index)).toList(),
        first(before, GenerationEvent::hasCancelRequested).isPresent(),
        first(before, GenerationEvent::hasDeadlinePassed).isPresent(),
        end.map(FoldPropertyTest::outcome),
        end.map(fact -> OptionalLong.of(fact.getAtMs())).orElse(OptionalLong.empty()),
        first(after, GenerationEvent::hasSettled).isPresent(),
        0);
  }

  private static ImageState plainly(List<GenerationEvent> facts, int index) {
    Optional<GenerationEvent> stored =
        first(facts, fact -> fact.hasStored() && fact.getStored().getImageIndex() == index);
    List<GenerationEvent> beforeStored =
        facts.subList(0, stored.map(facts::indexOf).orElse(facts.size()));
    return new ImageState(
        first(facts, fact -> fact.hasDenoised() && fact.getDenoised().getImageIndex() == index)
            .map(fact -> fact.getDenoised().getRuntimeClass()),
        stored.map(GenerationEvent::getStored),
        beforeStored.stream().flatMap(fact -> reason(fact, index).stream()).findFirst());
  }

  private static Optional<Reason> reason(GenerationEvent fact, int index) {
    if (fact.hasImageFailed()) {
      var failed = fact.getImageFailed();
      return Optional.of(new Reason(failed.getStage(), failed.getCode(), failed.getMessage()))
          .filter(any -> !failed.hasImageIndex() || failed.getImageIndex() == index);
    }
    if (fact.hasDeadLettered()) {
      var letter = fact.getDeadLettered();
      return Optional.of(new Reason(letter.getStage(), letter.getCode(), letter.getMessage()))
          .filter(any -> !letter.hasImageIndex() || letter.getImageIndex() == index);
    }
    return Optional.empty();
  }

  private static Outcome outcome(GenerationEvent fact) {
    if (fact.hasFailed()) {
      return Outcome.failed(fact.getFailed().getCode(), fact.getFailed().getMessage());
    }
    return fact.hasSucceeded() ? Outcome.SUCCEEDED : Outcome.CANCELLED;
  }

  @Property
  void whatWasReadOnceChangesNothingWhenItIsReadAgain(
      @ForAll("logs") List<GenerationEvent> log, @ForAll long shuffle) {
    List<GenerationEvent> heard = fromAccepted(log);
    // settled says nothing before the end, and everything the first time after it
    List<GenerationEvent> again =
        new ArrayList<>(heard.stream().filter(fact -> !fact.hasSettled()).toList());
    Collections.shuffle(again, new Random(shuffle));
    Optional<GenerationState> state = foldAll(heard);

    for (GenerationEvent fact : again) {
      assertThat(Fold.apply(state, fact, 1_000).orElseThrow()).isSameAs(state.orElseThrow());
    }
  }

  @Property
  void factsThatComeTwiceAtOnceGiveTheSameStateAsOnce(@ForAll("logs") List<GenerationEvent> log) {
    Optional<GenerationState> once = Optional.empty();
    Optional<GenerationState> twice = Optional.empty();
    for (int offset = 0; offset < log.size(); offset++) {
      once = Fold.apply(once, log.get(offset), offset);
      twice = Fold.apply(twice, log.get(offset), offset);
      twice = Fold.apply(twice, log.get(offset), 1_000 + offset);
    }
    assertThat(twice).isEqualTo(once);
  }

  @Property
  void theOrderOfIndependentFactsMattersOnlyToTheOffset(
      @ForAll("independent") List<GenerationEvent> facts, @ForAll long shuffle) {
    List<GenerationEvent> others = new ArrayList<>(facts);
    Collections.shuffle(others, new Random(shuffle));

    assertThat(atOffset(0, afterAccepted(others))).isEqualTo(atOffset(0, afterAccepted(facts)));
  }

  @Property
  void factsBeforeAcceptedAreAsIfTheyWereNotThere(@ForAll("logs") List<GenerationEvent> log) {
    assertThat(foldAll(log).map(state -> atOffset(0, state)))
        .isEqualTo(foldAll(fromAccepted(log)).map(state -> atOffset(0, state)));
  }

  @Property
  void aFoldThatStopsAnywhereGoesOnWhereItStopped(
      @ForAll("logs") List<GenerationEvent> log, @ForAll("cuts") double part) {
    int cut = (int) (log.size() * part);
    Optional<GenerationState> stopped = foldAll(log.subList(0, cut));
    // another generation comes between: the fold remembers nothing beside the state
    foldAll(log);
    Optional<GenerationState> state = stopped;
    for (int offset = cut; offset < log.size(); offset++) {
      state = Fold.apply(state, log.get(offset), offset);
    }

    assertThat(state).isEqualTo(foldAll(log));
    assertThat(stopped).isEqualTo(foldAll(log.subList(0, cut)));
  }

  @Property
  void theFactsOfAStateGiveTheStateAgain(@ForAll("logs") List<GenerationEvent> log) {
    GenerationState state = foldAll(log).orElseThrow();

    Optional<GenerationState> again = Optional.empty();
    for (GenerationEvent fact : Unfold.facts(state)) {
      again = Fold.apply(again, fact, state.lastOffset());
    }

    assertThat(again).contains(state);
  }

  @Provide
  Arbitrary<Double> cuts() {
    return Arbitraries.doubles().between(0, 1);
  }

  /** Everything that may stand in a log, in any order, most often with accepted near its start. */
  @Provide
  Arbitrary<List<GenerationEvent>> logs() {
    Arbitrary<List<GenerationEvent>> strange = facts().list().ofMaxSize(3);
    Arbitrary<List<GenerationEvent>> usual = facts().list().ofMaxSize(30);
    return strange.flatMap(
        before ->
            usual.map(
                rest -> {
                  List<GenerationEvent> log = new ArrayList<>(before);
                  log.add(accepted(IMAGES));
                  log.addAll(rest);
                  return log;
                }));
  }

  private static Arbitrary<GenerationEvent> facts() {
    Arbitrary<GenerationEvent> ofImages =
        Arbitraries.integers()
            .between(-1, IMAGES)
            .flatMap(
                index ->
                    Arbitraries.of(
                        denoised(index),
                        stored(index),
                        imageFailed(index, "one"),
                        imageFailed(index, "two"),
                        deadLettered(index)));
    Arbitrary<GenerationEvent> common =
        Arbitraries.of(dispatched(), encoded(), cancelRequested(), deadlinePassed());
    Arbitrary<GenerationEvent> rare =
        Arbitraries.of(
            accepted(IMAGES),
            everyImageFailed("x"),
            everyImageDeadLettered(),
            settled(),
            succeeded(),
            failed("x"),
            failed("y"),
            cancelled(),
            GenerationEvent.getDefaultInstance());
    Arbitrary<GenerationEvent> any =
        Arbitraries.frequencyOf(Tuple.of(8, ofImages), Tuple.of(2, common), Tuple.of(1, rare));
    return Combinators.combine(any, Arbitraries.longs().between(1, 1_000_000))
        .as((fact, ms) -> at(ms, fact));
  }

  /** At most one fact about each thing, and none that ends the generation. */
  @Provide
  Arbitrary<List<GenerationEvent>> independent() {
    Function<GenerationEvent, Object> about =
        fact ->
            fact.hasStored() || fact.hasImageFailed()
                ? Math.max(fact.getStored().getImageIndex(), fact.getImageFailed().getImageIndex())
                : fact.getFactCase() + " " + fact.getDenoised().getImageIndex();
    return facts()
        .filter(
            fact ->
                fact.hasDispatched()
                    || fact.hasEncoded()
                    || fact.hasCancelRequested()
                    || fact.hasDeadlinePassed()
                    || fact.hasDenoised()
                    || fact.hasStored()
                    || (fact.hasImageFailed() && fact.getImageFailed().hasImageIndex()))
        .list()
        .uniqueElements(about)
        .ofMaxSize(10);
  }

  private static GenerationState afterAccepted(List<GenerationEvent> facts) {
    return TestFacts.after(IMAGES, facts.toArray(GenerationEvent[]::new));
  }

  private static List<GenerationEvent> fromAccepted(List<GenerationEvent> log) {
    return log.stream().dropWhile(fact -> !fact.hasAccepted()).toList();
  }

  private static Optional<GenerationEvent> first(
      List<GenerationEvent> facts, Predicate<GenerationEvent> which) {
    return facts.stream().filter(which).findFirst();
  }

  private static GenerationState atOffset(long offset, GenerationState state) {
    return new GenerationState(
        state.request(),
        state.dispatchedAtMs(),
        state.encoded(),
        state.images(),
        state.cancelRequested(),
        state.deadlinePassed(),
        state.outcome(),
        state.endedAtMs(),
        state.settled(),
        offset);
  }
}
