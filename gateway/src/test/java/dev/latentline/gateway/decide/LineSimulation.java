package dev.latentline.gateway.decide;

import static dev.latentline.gateway.fold.TestFacts.DEADLINE_MS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.gateway.fold.Outcome;
import dev.latentline.gateway.fold.TestFacts;
import dev.latentline.gateway.owner.Manifests;
import dev.latentline.gateway.webhook.WebhookDeliveries;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.WebhookTarget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One log, two replicas that both believe to own everything, stages and clients. Each replica reads
 * at its own pace, carries effects out piece by piece, in any order, and may die between any two
 * pieces. Every choice comes from one seed.
 */
final class LineSimulation {
  static final int GENERATIONS = 3;
  private static final int WINDOW = 3;

  final List<GenerationEvent> log = new ArrayList<>();
  final List<Replica> replicas = List.of(new Replica(0), new Replica(700));

  /** All versions that were written, by generation: there must be one. */
  final Map<String, Set<ByteString>> manifests = new HashMap<>();

  final Map<String, Set<ByteString>> webhooks = new HashMap<>();

  private final Random random;
  private final List<String> work = new ArrayList<>();
  private final Map<String, Outcome> seen = new HashMap<>();
  private int accepted;
  private long nowMs = DEADLINE_MS - 10_000;

  LineSimulation(long seed) {
    random = new Random(seed);
  }

  /** One thing happens. */
  void happen() {
    Replica replica = any(replicas);
    switch (random.nextInt(16)) {
      case 0 -> accept();
      case 1 -> say(anyId(), TestFacts.cancelRequested());
      case 2 -> replica.die();
      case 3 -> nowMs += random.nextInt(1_500);
      case 4, 5, 6 -> stageSpeaks();
      case 7, 8, 9 -> replica.read(1 + random.nextInt(4));
      case 10, 11 -> replica.decide();
      default -> replica.carryOn();
    }
  }

  /** Nobody dies any more, and the deadlines pass: how many rounds the surviving replica needs. */
  int roundsUntilSettled() {
    while (accepted < GENERATIONS) {
      accept();
    }
    Replica survivor = any(replicas);
    replicas.forEach(Replica::die);
    for (int round = 1; round <= 20; round++) {
      survivor.read(log.size());
      if (survivor.states.values().stream().allMatch(GenerationState::settled)) {
        return round;
      }
      nowMs = DEADLINE_MS + 1;
      survivor.decide();
      while (!survivor.underWay.isEmpty()) {
        survivor.carryOn();
      }
    }
    return Integer.MAX_VALUE;
  }

  private void accept() {
    if (accepted == GENERATIONS) {
      return;
    }
    int number = accepted++;
    GenerationRequest.Builder request =
        TestFacts.request(1 + random.nextInt(3))
            .setGenerationId(id(number))
            .setAcceptedAtMs(TestFacts.ACCEPTED_AT_MS + random.nextInt(3));
    if (random.nextBoolean()) {
      request.setWebhook(WebhookTarget.newBuilder().setUrl("https://example.com/hook"));
    }
    request.putMetadata("order", "17").putMetadata("a", "b");
    log.add(TestFacts.accepted(request.build()));
  }

  static String id(int number) {
    return "gen_" + number;
  }

  private String anyId() {
    return id(random.nextInt(GENERATIONS));
  }

  private void stageSpeaks() {
    if (work.isEmpty()) {
      return;
    }
    // a record stays where it is: any stage may get it twice, and late
    String id = any(work);
    int index = random.nextInt(3);
    GenerationEvent fact =
        switch (random.nextInt(12)) {
          case 0 -> TestFacts.encoded();
          case 1, 2 -> TestFacts.denoised(index);
          case 3 -> TestFacts.imageFailed(index, "code_" + random.nextInt(2));
          case 4 -> TestFacts.deadLettered(index);
          case 5 -> TestFacts.everyImageDeadLettered();
          default -> TestFacts.stored(index);
        };
    say(id, fact);
  }

  private void say(String id, GenerationEvent fact) {
    log.add(fact.toBuilder().setGenerationId(id).setAtMs(nowMs + random.nextInt(100)).build());
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /** A gateway. */
  final class Replica {
    final Map<String, GenerationState> states = new LinkedHashMap<>();
    private final long clockSkewMs;
    private final List<Deque<Runnable>> underWay = new ArrayList<>();
    private final Map<String, Effect> begun = new HashMap<>();
    private DispatchQueue queue = new DispatchQueue(WINDOW);
    private int position;

    Replica(long clockSkewMs) {
      this.clockSkewMs = clockSkewMs;
    }

    void die() {
      states.clear();
      underWay.clear();
      begun.clear();
      queue = new DispatchQueue(WINDOW);
      position = 0;
    }

    void read(int facts) {
      for (int i = 0; i < facts && position < log.size(); i++, position++) {
        GenerationEvent fact = log.get(position);
        Optional<GenerationState> before = Optional.ofNullable(states.get(fact.getGenerationId()));
        Optional<GenerationState> after = Fold.apply(before, fact, position);
        after.ifPresent(state -> remember(before, state));
      }
    }

    private void remember(Optional<GenerationState> before, GenerationState after) {
      queue.update(before, after);
      states.put(after.id(), after);
      after
          .outcome()
          .ifPresent(
              outcome ->
                  assertThat(outcome)
                      .as("everybody sees one end, for ever")
                      .isEqualTo(seen.computeIfAbsent(after.id(), id -> outcome)));
    }

    void decide() {
      Set<String> admitted =
          queue.admitted().stream().map(GenerationState::id).collect(Collectors.toSet());
      for (GenerationState state : states.values()) {
        Decide.next(state, nowMs + clockSkewMs, admitted.contains(state.id()))
            .ifPresent(effect -> begin(state, effect));
      }
    }

    private void begin(GenerationState state, Effect effect) {
      assertSensible(state, effect);
      // now and then its mark seems overdue, and it is begun twice
      if (!effect.equals(begun.put(state.id(), effect)) || random.nextInt(8) == 0) {
        underWay.add(pieces(state, effect));
      }
    }

    private void assertSensible(GenerationState state, Effect effect) {
      if (effect instanceof Effect.Dispatch) {
        assertThat(state.ended() || state.cancelRequested() || state.deadlinePassed()).isFalse();
        assertThat(nowMs + clockSkewMs).isLessThan(state.request().getDeadlineMs());
      }
      assertThat(effect instanceof Effect.Settle).isEqualTo(state.ended());
    }

    /** In the order of the effect runner, the mark last. */
    private Deque<Runnable> pieces(GenerationState state, Effect effect) {
      Deque<Runnable> pieces = new ArrayDeque<>();
      String id = state.id();
      if (effect instanceof Effect.Dispatch) {
        pieces.add(() -> work.add(id));
        pieces.add(() -> say(id, TestFacts.dispatched()));
      } else if (effect instanceof Effect.NoteDeadline) {
        pieces.add(() -> say(id, TestFacts.deadlinePassed()));
      } else if (effect instanceof Effect.End end) {
        pieces.add(() -> say(id, terminal(end.outcome())));
      } else {
        pieces.add(() -> keep(manifests, id, ByteString.copyFrom(Manifests.of(state))));
        pieces.add(
            () ->
                WebhookDeliveries.of(state)
                    .ifPresent(delivery -> keep(webhooks, id, delivery.toByteString())));
        pieces.add(() -> say(id, TestFacts.settled()));
      }
      return pieces;
    }

    /** The next piece of any effect under way. */
    void carryOn() {
      if (underWay.isEmpty()) {
        return;
      }
      Deque<Runnable> effect = any(underWay);
      effect.remove().run();
      underWay.removeIf(Deque::isEmpty);
    }
  }

  private static void keep(Map<String, Set<ByteString>> versions, String id, ByteString version) {
    versions.computeIfAbsent(id, key -> new HashSet<>()).add(version);
  }

  private static GenerationEvent terminal(Outcome outcome) {
    return switch (outcome.kind()) {
      case SUCCEEDED -> TestFacts.succeeded();
      case CANCELLED -> TestFacts.cancelled();
      case FAILED -> TestFacts.failed(outcome.reason().orElseThrow().code());
    };
  }
}
