package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.after;
import static dev.latentline.gateway.fold.TestFacts.cancelRequested;
import static dev.latentline.gateway.fold.TestFacts.denoised;
import static dev.latentline.gateway.fold.TestFacts.dispatched;
import static dev.latentline.gateway.fold.TestFacts.imageFailed;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ViewsPropertyTest {
  private static final int STEPS = request(1).getSteps();

  /** A step, or a fact. */
  private record Next(int stepOf, GenerationEvent fact) {}

  @Property
  void progressNeverGoesBackAndStaysWithinItsBounds(@ForAll("nexts") List<Next> nexts) {
    GenerationState state = after(3);
    int[] steps = new int[3];
    double before = 0;
    for (Next next : nexts) {
      if (steps[next.stepOf()] < STEPS) {
        steps[next.stepOf()]++;
      }
      state = Fold.apply(Optional.of(state), next.fact(), 1).orElseThrow();
      double progress =
          Views.of(state, steps, OptionalInt.empty(), OptionalLong.empty()).progress();
      assertThat(progress).isBetween(before, 1.0);
      before = progress;
    }
  }

  @Provide
  Arbitrary<List<Next>> nexts() {
    Arbitrary<Integer> index = Arbitraries.integers().between(0, 2);
    Arbitrary<GenerationEvent> facts =
        index.flatMap(
            i ->
                Arbitraries.of(
                    GenerationEvent.getDefaultInstance(),
                    GenerationEvent.getDefaultInstance(),
                    dispatched(),
                    denoised(i),
                    stored(i),
                    imageFailed(i, "x"),
                    cancelRequested()));
    return Combinators.combine(index, facts).as(Next::new).list().ofMaxSize(60);
  }
}
