package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WaitingTest {
  private static final long MANY_BYTES = 64 << 20;
  private static final List<String> TENANTS = List.of("acme", "other", "third");

  private final Map<String, GenerationState> states = new HashMap<>();

  @Test
  void theCountIsThatOfARecountAfterWhateverFactsInWhateverOrder() {
    Waiting waiting = new Waiting(1000, 1000, MANY_BYTES);
    Random random = new Random(7);
    int most = 0;
    for (int i = 0; i < 2_000; i++) {
      fold(waiting, randomFact(random));
      most = Math.max(most, waiting.all().generations());

      assertThat(waiting.all()).isEqualTo(recount(TENANTS));
      for (String tenant : TENANTS) {
        assertThat(waiting.of(tenant)).isEqualTo(recount(List.of(tenant)));
      }
    }
    assertThat(most).isGreaterThan(10);
    assertThat(states.values()).anyMatch(GenerationState::settled);
  }

  @Test
  void aTenantThatHasItsShareLeavesRoomForOthers() {
    Waiting waiting = new Waiting(3, 2, MANY_BYTES);
    fold(waiting, accepted(of("acme", 0, "x")));
    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isTrue();
    fold(waiting, accepted(of("acme", 1, "x")));

    assertThat(waiting.hasRoomFor(of("acme", 2, "x"))).isFalse();
    assertThat(waiting.hasRoomFor(of("other", 2, "x"))).isTrue();
    fold(waiting, accepted(of("other", 2, "x")));
    assertThat(waiting.hasRoomFor(of("third", 3, "x"))).isFalse();
  }

  @Test
  void theBytesOfTheRequestsAreBoundedToo() {
    Waiting waiting = new Waiting(1000, 1000, 512 << 10);
    String large = "x".repeat(60_000);
    fold(waiting, accepted(of("acme", 0, large)));
    fold(waiting, accepted(of("acme", 1, large)));

    assertThat(waiting.hasRoomFor(of("acme", 2, large))).isFalse();
    assertThat(waiting.hasRoomFor(of("acme", 2, "x"))).isTrue();
    assertThat(waiting.hasRoomFor(of("other", 2, large))).isTrue();
  }

  @Test
  void whatIsSettledMakesRoom() {
    Waiting waiting = new Waiting(1, 1, MANY_BYTES);
    fold(waiting, accepted(of("acme", 0, "x")));
    fold(waiting, about(id(0), TestFacts.cancelRequested()));
    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isFalse();

    fold(waiting, about(id(0), TestFacts.cancelled()));
    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isFalse();
    fold(waiting, about(id(0), TestFacts.settled()));

    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isTrue();
    assertThat(waiting.of("acme")).isEqualTo(new Waiting.Load(0, 0));
  }

  @Test
  void aLiveFrameMakesRoomWhenItHasEnded() {
    Waiting waiting = new Waiting(1, 1, MANY_BYTES);
    fold(waiting, accepted(of("acme", 0, "x").toBuilder().setLive(true).build()));
    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isFalse();

    fold(waiting, about(id(0), TestFacts.cancelled()));
    assertThat(waiting.hasRoomFor(of("acme", 1, "x"))).isTrue();
    fold(waiting, about(id(0), TestFacts.settled()));

    assertThat(waiting.of("acme")).isEqualTo(new Waiting.Load(0, 0));
  }

  @Test
  void aBoundThatWouldRefuseEverythingIsRefused() {
    assertThatThrownBy(() -> new Waiting(0, 1, MANY_BYTES)).hasMessageContaining("max-waiting");
    assertThatThrownBy(() -> new Waiting(1, 1, 1000)).hasMessageContaining("max-waiting-bytes");
  }

  private static GenerationEvent randomFact(Random random) {
    int number = random.nextInt(60);
    GenerationRequest request =
        of(TENANTS.get(number % 3), number, "x".repeat(1 + random.nextInt(300)));
    return switch (random.nextInt(7)) {
      case 0, 1, 2 -> accepted(request);
      case 3 -> about(id(number), TestFacts.dispatched());
      case 4 -> about(id(number), TestFacts.failed("x"));
      case 5 -> about(id(number), TestFacts.cancelled());
      default -> about(id(number), TestFacts.settled());
    };
  }

  private void fold(Waiting waiting, GenerationEvent fact) {
    Optional<GenerationState> before = Optional.ofNullable(states.get(fact.getGenerationId()));
    Fold.apply(before, fact, 0)
        .ifPresent(
            after -> {
              waiting.update(before, after);
              states.put(fact.getGenerationId(), after);
            });
  }

  private Waiting.Load recount(List<String> tenants) {
    List<GenerationState> counted =
        states.values().stream()
            .filter(state -> !state.settled() && tenants.contains(state.request().getTenant()))
            .toList();
    return new Waiting.Load(
        counted.size(),
        counted.stream().mapToLong(state -> state.request().getSerializedSize()).sum());
  }

  private static GenerationRequest of(String tenant, int number, String prompt) {
    return request(1).setGenerationId(id(number)).setTenant(tenant).setPrompt(prompt).build();
  }

  private static String id(int number) {
    return String.format("gen_0190163d8694739b8f6b%012d", number);
  }

  private static GenerationEvent about(String id, GenerationEvent fact) {
    return fact.toBuilder().setGenerationId(id).build();
  }
}
