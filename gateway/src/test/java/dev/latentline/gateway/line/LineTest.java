package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.ID;
import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.cancelled;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Progress;
import io.quarkus.runtime.configuration.MemorySize;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The fold in memory; nothing here asks a broker. */
class LineTest {
  private static final long NOTHING_IS_OLD = Long.MIN_VALUE;

  private static final MemorySize ENOUGH = new MemorySize(BigInteger.valueOf(1 << 24));
  private static final MemorySize NOTHING = new MemorySize(BigInteger.ZERO);

  private final Line line = new Line(null, null, new Settings(ENOUGH, ENOUGH));

  @Test
  void aSettledGenerationIsKeptWithItsPicturesUntilItIsOld() {
    settle(request(1).build());
    line.forget(NOTHING_IS_OLD);

    assertThat(known()).singleElement().satisfies(view -> assertThat(view.images()).hasSize(1));
    line.forget(Long.MAX_VALUE);
    assertThat(known()).isEmpty();
  }

  @Test
  void ofALiveFrameNothingIsLeftOnceItIsSettled() {
    settle(request(1).setLive(true).build());
    assertThat(known()).singleElement().satisfies(view -> assertThat(view.images()).isEmpty());

    line.forget(NOTHING_IS_OLD);

    assertThat(known()).isEmpty();
  }

  @Test
  void whatIsSettledIsShownAsBefore() {
    GenerationRequest request = request(1).putMetadata("order", "4711").build();
    line.fold(accepted(request), 0, 0);
    line.fold(stored(0), 0, 1);
    line.fold(succeeded(), 0, 2);
    GenerationView before = known().get(0);

    line.fold(settled(), 0, 3);

    assertThat(known()).containsExactly(before);
    line.fold(cancelled(), 0, 4);
    line.progress(Progress.newBuilder().setGenerationId(ID).setStep(1).setSteps(25).build());
    assertThat(known()).containsExactly(before);
    assertThat(line.unsettled()).isEmpty();
  }

  @Test
  void promptsAndMetadataAreLeftToTheManifestBeforeTheRest() {
    Line small = new Line(null, null, new Settings(ENOUGH, NOTHING));
    settle(small, request(1).putMetadata("order", "4711").build());

    assertThat(known(small, ID))
        .singleElement()
        .satisfies(
            view -> {
              assertThat(view.hasPrompts()).isFalse();
              assertThat(view.request().getMetadataMap()).isEmpty();
              assertThat(view.images()).hasSize(1);
            });
  }

  @Test
  void whatHasEndedIsHeldWithinABoundAndTheOldestIsForgotten() {
    Line small =
        new Line(null, null, new Settings(new MemorySize(BigInteger.valueOf(20_000)), ENOUGH));
    int made = 1000;
    for (int i = 0; i < made; i++) {
      settle(small, request(1).setGenerationId(id(i)).build());
    }

    long still = IntStream.range(0, made).filter(i -> !known(small, id(i)).isEmpty()).count();
    assertThat(still).isBetween(10L, 100L);
    assertThat(known(small, id(made - 1))).hasSize(1);
    assertThat(known(small, id(0))).isEmpty();
    assertThat(small.mayHaveForgotten(id(0))).isTrue();
    assertThat(small.mayHaveForgotten(id(made - 1))).isFalse();
    assertThat(line.mayHaveForgotten(id(0))).isFalse();
  }

  /** One millisecond after the other. */
  private static String id(int number) {
    return String.format("gen_0190163%05x7%03x8f6b0123456789ab", number, 0);
  }

  private void settle(GenerationRequest request) {
    settle(line, request);
  }

  private static void settle(Line line, GenerationRequest request) {
    List<GenerationEvent> facts = List.of(accepted(request), stored(0), succeeded(), settled());
    for (int offset = 0; offset < facts.size(); offset++) {
      line.fold(
          facts.get(offset).toBuilder().setGenerationId(request.getGenerationId()).build(),
          0,
          offset);
    }
  }

  private List<GenerationView> known() {
    return known(line, ID);
  }

  private static List<GenerationView> known(Line line, String id) {
    List<GenerationView> views = new ArrayList<>();
    line.watch("default", id, -1, update -> views.add(update.view()))
        .ifPresent(Subscription::close);
    return views;
  }

  private record Settings(MemorySize settledMemory, MemorySize promptMemory)
      implements LineSettings {
    @Override
    public int window() {
      return 16;
    }

    @Override
    public int maxWaiting() {
      return 16;
    }

    @Override
    public int maxWaitingPerTenant() {
      return 16;
    }

    @Override
    public MemorySize maxWaitingBytes() {
      return ENOUGH;
    }
  }
}
