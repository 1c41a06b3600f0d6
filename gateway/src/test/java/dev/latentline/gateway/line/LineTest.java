package dev.latentline.gateway.line;

import static dev.latentline.gateway.fold.TestFacts.ID;
import static dev.latentline.gateway.fold.TestFacts.accepted;
import static dev.latentline.gateway.fold.TestFacts.request;
import static dev.latentline.gateway.fold.TestFacts.settled;
import static dev.latentline.gateway.fold.TestFacts.stored;
import static dev.latentline.gateway.fold.TestFacts.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.proto.v1.GenerationRequest;
import io.quarkus.runtime.configuration.MemorySize;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The fold in memory; nothing here asks a broker. */
class LineTest {
  private static final long NOTHING_IS_OLD = Long.MIN_VALUE;

  private final Line line = new Line(null, null, new Settings());

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

  private void settle(GenerationRequest request) {
    line.fold(accepted(request), 0, 0);
    line.fold(stored(0), 0, 1);
    line.fold(succeeded(), 0, 2);
    line.fold(settled(), 0, 3);
  }

  private List<GenerationView> known() {
    List<GenerationView> views = new ArrayList<>();
    line.watch("default", ID, -1, update -> views.add(update.view())).close();
    return views;
  }

  private static final class Settings implements LineSettings {
    private static final MemorySize ENOUGH = new MemorySize(BigInteger.valueOf(1 << 24));

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

    @Override
    public MemorySize promptMemory() {
      return ENOUGH;
    }
  }
}
