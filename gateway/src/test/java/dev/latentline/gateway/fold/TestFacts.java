package dev.latentline.gateway.fold;

import dev.latentline.proto.v1.Accepted;
import dev.latentline.proto.v1.CancelRequested;
import dev.latentline.proto.v1.Cancelled;
import dev.latentline.proto.v1.DeadLettered;
import dev.latentline.proto.v1.DeadlinePassed;
import dev.latentline.proto.v1.Denoised;
import dev.latentline.proto.v1.Dispatched;
import dev.latentline.proto.v1.Encoded;
import dev.latentline.proto.v1.Failed;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImageFailed;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.Safety;
import dev.latentline.proto.v1.Settled;
import dev.latentline.proto.v1.Stored;
import dev.latentline.proto.v1.Succeeded;
import java.util.List;
import java.util.Optional;

/** Facts of one generation, and their fold. */
public final class TestFacts {
  public static final String ID = "gen_0190163d8694739b8f6b0123456789ab";

  /** Of every request; facts come a little later. */
  public static final long ACCEPTED_AT_MS = 1_800_000_000_000L;

  public static final long DEADLINE_MS = ACCEPTED_AT_MS + 3_600_000;

  /** The time that a fact without another one says. */
  public static final long AT_MS = ACCEPTED_AT_MS + 1_000;

  public static final long SEED = 41;

  private static final RuntimeClass CPU =
      RuntimeClass.newBuilder()
          .setProvider("cpu")
          .setOnnxruntimeVersion("1.23.2")
          .setDevice("x86_64 avx2")
          .setIntraOpThreads(4)
          .setBatch(1)
          .build();

  private TestFacts() {}

  public static GenerationRequest.Builder request(int count) {
    return GenerationRequest.newBuilder()
        .setGenerationId(ID)
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName("starter").setDigest("sha256:0"))
        .setPool("default")
        .setPrompt("a red apple")
        .setNegativePrompt("a pear")
        .setSeed(SEED)
        .setSteps(25)
        .setGuidanceScale(3.5f)
        .setSampler("ddim")
        .setSchedule("normal")
        .setWidth(128)
        .setHeight(96)
        .setCount(count)
        .setOutputFormat("png")
        .setAcceptedAtMs(ACCEPTED_AT_MS)
        .setDeadlineMs(DEADLINE_MS);
  }

  public static GenerationEvent accepted(int count) {
    return accepted(request(count).build());
  }

  public static GenerationEvent accepted(GenerationRequest request) {
    return fact(request.getGenerationId())
        .setAccepted(Accepted.newBuilder().setRequest(request))
        .build();
  }

  public static GenerationEvent dispatched() {
    return fact().setDispatched(Dispatched.getDefaultInstance()).build();
  }

  public static GenerationEvent encoded() {
    return fact().setEncoded(Encoded.newBuilder().setPromptTokensCut(2)).build();
  }

  public static GenerationEvent denoised(int index) {
    return fact()
        .setDenoised(Denoised.newBuilder().setImageIndex(index).setRuntimeClass(CPU))
        .build();
  }

  public static GenerationEvent stored(int index) {
    return fact()
        .setStored(
            Stored.newBuilder()
                .setImageIndex(index)
                .setKey("images/default/" + ID + "/" + index + ".png")
                .setContentType("image/png")
                .setSizeBytes(1000 + index)
                .setWidth(128)
                .setHeight(96)
                .setSha256("file-" + index)
                .setPixelsSha256("pixels-" + index)
                .setSeed(SEED + index)
                .setRuntimeClass(CPU))
        .build();
  }

  /** A picture that a safety checker found unsafe and that was blurred. */
  public static GenerationEvent flagged(int index) {
    GenerationEvent.Builder fact = stored(index).toBuilder();
    fact.getStoredBuilder()
        .setSafety(
            Safety.newBuilder()
                .setChecker(ModelRef.newBuilder().setName("checker").setDigest("sha256:1"))
                .putScores("safe", 0.125f)
                .putScores("not", 0.875f)
                .setFlagged(true)
                .setThreshold(0.75f)
                .setBlurred(true));
    return fact.build();
  }

  public static GenerationEvent imageFailed(int index, String code) {
    return fact()
        .setImageFailed(
            ImageFailed.newBuilder()
                .setImageIndex(index)
                .setStage("denoiser")
                .setCode(code)
                .setMessage("It went wrong"))
        .build();
  }

  public static GenerationEvent everyImageFailed(String code) {
    return fact()
        .setImageFailed(
            ImageFailed.newBuilder()
                .setStage("prompt")
                .setCode(code)
                .setMessage("The prompt cannot be read"))
        .build();
  }

  public static GenerationEvent deadLettered(int index) {
    return fact().setDeadLettered(deadLetter().setImageIndex(index)).build();
  }

  public static GenerationEvent everyImageDeadLettered() {
    return fact().setDeadLettered(deadLetter()).build();
  }

  private static DeadLettered.Builder deadLetter() {
    return DeadLettered.newBuilder()
        .setStage("decoder")
        .setCode("attempts_exhausted")
        .setMessage("Given up after 3 attempts")
        .setAttempts(3);
  }

  public static GenerationEvent cancelRequested() {
    return fact().setCancelRequested(CancelRequested.getDefaultInstance()).build();
  }

  public static GenerationEvent deadlinePassed() {
    return fact().setDeadlinePassed(DeadlinePassed.getDefaultInstance()).build();
  }

  public static GenerationEvent succeeded() {
    return fact().setSucceeded(Succeeded.getDefaultInstance()).build();
  }

  public static GenerationEvent failed(String code) {
    return fact().setFailed(Failed.newBuilder().setCode(code).setMessage("It failed")).build();
  }

  public static GenerationEvent cancelled() {
    return fact().setCancelled(Cancelled.getDefaultInstance()).build();
  }

  public static GenerationEvent settled() {
    return fact().setSettled(Settled.getDefaultInstance()).build();
  }

  /** The same fact, stated at another time. */
  public static GenerationEvent at(long ms, GenerationEvent fact) {
    return fact.toBuilder().setAtMs(ms).build();
  }

  private static GenerationEvent.Builder fact() {
    return fact(ID);
  }

  private static GenerationEvent.Builder fact(String id) {
    return GenerationEvent.newBuilder().setGenerationId(id).setAtMs(AT_MS);
  }

  /** The fold of facts at the offsets 0, 1, ... */
  public static Optional<GenerationState> foldAll(List<GenerationEvent> facts) {
    Optional<GenerationState> state = Optional.empty();
    for (int offset = 0; offset < facts.size(); offset++) {
      state = Fold.apply(state, facts.get(offset), offset);
    }
    return state;
  }

  /** The state of a generation of so many images after these facts. */
  public static GenerationState after(int count, GenerationEvent... facts) {
    return after(request(count).build(), facts);
  }

  public static GenerationState after(GenerationRequest request, GenerationEvent... facts) {
    Optional<GenerationState> state = Fold.apply(Optional.empty(), accepted(request), 0);
    for (int i = 0; i < facts.length; i++) {
      state = Fold.apply(state, facts[i], i + 1);
    }
    return state.orElseThrow();
  }
}
