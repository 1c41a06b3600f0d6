package dev.latentline.gateway.decide;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.owner.Manifests;
import dev.latentline.gateway.webhook.WebhookDeliveries;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.statistics.Statistics;

/** Two owners at once, with deaths between any two pieces of an effect. */
class DecidePropertyTest {
  @Property(tries = 2000)
  void whateverDiesAndHoweverFactsInterleaveEveryGenerationEndsOnceAndIsSettled(
      @ForAll long seed, @ForAll @IntRange(max = 400) int events) {
    LineSimulation line = new LineSimulation(seed);
    for (int i = 0; i < events; i++) {
      line.happen();
    }

    // per generation at most: the deadline, the end, what follows it, and one to see it
    assertThat(line.roundsUntilSettled()).isLessThanOrEqualTo(4);

    Map<String, GenerationState> states = fold(line.log);
    assertThat(states).hasSize(LineSimulation.GENERATIONS);
    states.values().forEach(state -> assertEndedWell(line, state));
    line.replicas.forEach(
        replica -> {
          replica.read(line.log.size());
          assertThat(replica.states).isEqualTo(states);
        });
  }

  private static void assertEndedWell(LineSimulation line, GenerationState state) {
    assertThat(state.ended()).isTrue();
    assertThat(state.settled()).isTrue();
    Outcome.Kind kind = state.outcome().orElseThrow().kind();
    Statistics.label("outcome").collect(kind);
    if (kind == Outcome.Kind.SUCCEEDED) {
      assertThat(state.images()).allMatch(image -> image.stored().isPresent());
    }
    assertThat(kind == Outcome.Kind.CANCELLED && !state.cancelRequested()).isFalse();
    assertThat(line.manifests.get(state.id()))
        .as("one manifest, whoever wrote it")
        .isEqualTo(Set.of(ByteString.copyFrom(Manifests.of(state))));
    assertThat(Optional.ofNullable(line.webhooks.get(state.id())))
        .as("one webhook, whoever handed it over")
        .isEqualTo(WebhookDeliveries.of(state).map(delivery -> Set.of(delivery.toByteString())));
  }

  private static Map<String, GenerationState> fold(List<GenerationEvent> log) {
    Map<String, GenerationState> states = new HashMap<>();
    for (int offset = 0; offset < log.size(); offset++) {
      String id = log.get(offset).getGenerationId();
      Fold.apply(Optional.ofNullable(states.get(id)), log.get(offset), offset)
          .ifPresent(state -> states.put(id, state));
    }
    return states;
  }
}
