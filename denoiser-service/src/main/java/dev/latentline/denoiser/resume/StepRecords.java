package dev.latentline.denoiser.resume;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.StepRecord;
import dev.latentline.proto.v1.StepState;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The step records in the store: of each picture the newest. A record that cannot be used is as
 * good as none, since a picture can always be started anew. Thread-safe.
 */
public final class StepRecords {
  private static final Logger LOG = Logger.getLogger(StepRecords.class);

  /** No object has this key. */
  private static final String WARM_UP = "steps/none";

  private final BlobStore store;

  public StepRecords(BlobStore store) {
    this.store = store;
  }

  /**
   * @throws Failure.Retryable when the store is away
   */
  public void write(StepSnapshot snapshot) {
    store.rewrite(
        ObjectKeys.latestStep(snapshot.tenant(), snapshot.task()),
        record(snapshot).toByteArray(),
        "application/x-protobuf");
  }

  /**
   * @throws Failure.Retryable when the store is away
   */
  public Optional<StepSnapshot> read(String tenant, ImageTask task) {
    return store
        .get(ObjectKeys.latestStep(tenant, task))
        .flatMap(bytes -> read(tenant, task, bytes));
  }

  /**
   * Makes the first call of the store's client, which costs what several hundred later ones do, and
   * which a first picture's records would wait for. A store that is away is no matter.
   */
  void warmUp() {
    try {
      store.exists(WARM_UP);
    } catch (Failure.Retryable away) {
      LOG.debugf("the store is not there yet: %s", away.code());
    }
  }

  /**
   * @throws Failure.Retryable when the store is away
   */
  public void delete(String tenant, ImageTask task) {
    store.delete(ObjectKeys.latestStep(tenant, task));
  }

  private static StepRecord record(StepSnapshot snapshot) {
    SamplerState state = snapshot.state();
    StepState.Builder message =
        StepState.newBuilder()
            .setGenerationId(snapshot.task().generationId())
            .setImageIndex(snapshot.task().index())
            .setModelDigest(snapshot.modelDigest())
            .addAllLoras(snapshot.loras())
            .setRuntimeClass(snapshot.runtimeClass())
            .setStep(state.step())
            .setCall(state.call())
            .setDraws(state.draws())
            .setLatents(TensorRecords.toFloat32(new FloatTensor(snapshot.shape(), state.latents())))
            .setAttempt(snapshot.attempt());
    if (!snapshot.refiner().equals(Refiner.getDefaultInstance())) {
      message.setRefiner(snapshot.refiner());
    }
    for (float[] remembered : state.history()) {
      message.addHistory(TensorRecords.toFloat32(new FloatTensor(snapshot.shape(), remembered)));
    }
    byte[] bytes = message.build().toByteArray();
    return StepRecord.newBuilder()
        .setState(ByteString.copyFrom(bytes))
        .setSha256(Sha256.hex(bytes))
        .build();
  }

  private static Optional<StepSnapshot> read(String tenant, ImageTask task, byte[] bytes) {
    try {
      StepRecord record = StepRecord.parseFrom(bytes);
      byte[] state = record.getState().toByteArray();
      if (!Sha256.hex(state).equals(record.getSha256())) {
        return unusable(task, "its digest differs");
      }
      return snapshot(tenant, task, StepState.parseFrom(state));
    } catch (InvalidProtocolBufferException | Failure.Rejected e) {
      return unusable(task, "it cannot be read");
    }
  }

  private static Optional<StepSnapshot> snapshot(String tenant, ImageTask task, StepState state) {
    if (!task.equals(new ImageTask(state.getGenerationId(), state.getImageIndex()))) {
      return unusable(task, "it is another picture's");
    }
    if (state.getHistoryCount() > SamplerState.MAX_HISTORY) {
      return unusable(task, "it remembers more than any sampler here");
    }
    FloatTensor latents = finite(TensorRecords.fromRecord(state.getLatents()));
    List<float[]> history =
        state.getHistoryList().stream()
            .map(tensor -> finite(TensorRecords.fromRecord(tensor)).data())
            .toList();
    return Optional.of(
        new StepSnapshot(
            tenant,
            task,
            state.getModelDigest(),
            state.getLorasList(),
            state.getRefiner(),
            state.getRuntimeClass(),
            latents.shape(),
            state.getAttempt(),
            new SamplerState(
                state.getStep(), state.getCall(), latents.data(), history, state.getDraws())));
  }

  private static FloatTensor finite(FloatTensor tensor) {
    return TensorRecords.require(tensor, "A step record", tensor.shape());
  }

  private static Optional<StepSnapshot> unusable(ImageTask task, String why) {
    LOG.warnf(
        "generation=%s image=%d its step record is not used: %s",
        task.generationId(), task.index(), why);
    return Optional.empty();
  }
}
