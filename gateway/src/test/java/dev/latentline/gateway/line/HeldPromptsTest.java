package dev.latentline.gateway.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.Accepted;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HeldPromptsTest {
  @Test
  void theNewestStayWithinTheBound() {
    int size = state("gen_0").request().getSerializedSize();
    HeldPrompts held = new HeldPrompts(2L * size);

    assertThat(held.add(state("gen_0"))).isEmpty();
    assertThat(held.add(state("gen_1"))).isEmpty();
    assertThat(held.add(state("gen_2"))).containsExactly("gen_0");
    assertThat(held.add(state("gen_3"))).containsExactly("gen_1");
  }

  @Test
  void oneThatIsTooLargeAloneIsNotHeldAndLeavesRoomForTheNext() {
    int size = state("gen_0").request().getSerializedSize();
    HeldPrompts held = new HeldPrompts(size);

    assertThat(held.add(state("gen_0"))).isEmpty();
    assertThat(held.add(state("gen_longer"))).containsExactly("gen_0", "gen_longer");
    assertThat(held.add(state("gen_1"))).isEmpty();
  }

  private static GenerationState state(String id) {
    GenerationRequest request =
        GenerationRequest.newBuilder()
            .setGenerationId(id)
            .setCount(1)
            .setPrompt("a red apple")
            .build();
    return Fold.apply(
            Optional.empty(),
            GenerationEvent.newBuilder()
                .setGenerationId(id)
                .setAccepted(Accepted.newBuilder().setRequest(request))
                .build(),
            0)
        .orElseThrow();
  }
}
