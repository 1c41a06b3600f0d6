package dev.latentline.gateway.fold;

import dev.latentline.proto.v1.Accepted;
import dev.latentline.proto.v1.CancelRequested;
import dev.latentline.proto.v1.Cancelled;
import dev.latentline.proto.v1.DeadlinePassed;
import dev.latentline.proto.v1.Denoised;
import dev.latentline.proto.v1.Dispatched;
import dev.latentline.proto.v1.Failed;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.Settled;
import dev.latentline.proto.v1.Succeeded;
import java.util.ArrayList;
import java.util.List;

/** The way back from a state to facts. Pure. */
public final class Unfold {
  private Unfold() {}

  /** The fewest facts whose {@link Fold}, each at the state's last offset, is the state. */
  public static List<GenerationEvent> facts(GenerationState state) {
    List<GenerationEvent> facts = new ArrayList<>();
    facts.add(
        fact()
            .setGenerationId(state.id())
            .setAccepted(Accepted.newBuilder().setRequest(state.request()))
            .build());
    state
        .dispatchedAtMs()
        .ifPresent(
            ms ->
                facts.add(
                    fact().setAtMs(ms).setDispatched(Dispatched.getDefaultInstance()).build()));
    state.encoded().ifPresent(encoded -> facts.add(fact().setEncoded(encoded).build()));
    for (int index = 0; index < state.images().size(); index++) {
      add(facts, index, state.images().get(index));
    }
    if (state.cancelRequested()) {
      facts.add(fact().setCancelRequested(CancelRequested.getDefaultInstance()).build());
    }
    if (state.deadlinePassed()) {
      facts.add(fact().setDeadlinePassed(DeadlinePassed.getDefaultInstance()).build());
    }
    state
        .outcome()
        .ifPresent(
            outcome -> facts.add(end(outcome).setAtMs(state.endedAtMs().orElseThrow()).build()));
    if (state.settled()) {
      facts.add(fact().setSettled(Settled.getDefaultInstance()).build());
    }
    return facts;
  }

  private static void add(List<GenerationEvent> facts, int index, ImageState image) {
    image
        .denoised()
        .ifPresent(
            runtimeClass ->
                facts.add(
                    fact()
                        .setDenoised(
                            Denoised.newBuilder()
                                .setImageIndex(index)
                                .setRuntimeClass(runtimeClass))
                        .build()));
    // before stored, after which no failure is heard
    image
        .failed()
        .ifPresent(
            reason ->
                facts.add(
                    fact()
                        .setImageFailed(
                            ImageFailed.newBuilder()
                                .setImageIndex(index)
                                .setStage(reason.stage())
                                .setCode(reason.code())
                                .setMessage(reason.message()))
                        .build()));
    image.stored().ifPresent(stored -> facts.add(fact().setStored(stored).build()));
  }

  private static GenerationEvent.Builder end(Outcome outcome) {
    return switch (outcome.kind()) {
      case SUCCEEDED -> fact().setSucceeded(Succeeded.getDefaultInstance());
      case CANCELLED -> fact().setCancelled(Cancelled.getDefaultInstance());
      case FAILED -> {
        Reason reason = outcome.reason().orElseThrow();
        yield fact()
            .setFailed(Failed.newBuilder().setCode(reason.code()).setMessage(reason.message()));
      }
    };
  }

  private static GenerationEvent.Builder fact() {
    return GenerationEvent.newBuilder();
  }
}
