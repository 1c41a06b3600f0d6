package dev.latentline.denoiser.resume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Failure;
import dev.latentline.contract.ImageTask;
import dev.latentline.contract.Sha256;
import dev.latentline.denoiser.sample.SamplerState;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.RuntimeClass;
import dev.latentline.proto.v1.StepRecord;
import dev.latentline.proto.v1.StepState;
import dev.latentline.testkit.Patience;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepRecordsTest {
  private static final ImageTask TASK = new ImageTask("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b", 3);
  private static final String KEY = "steps/acme/gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b/3/latest";
  private static final RuntimeClass CLASS =
      RuntimeClass.newBuilder().setProvider("cpu").setBatch(2).build();

  private static final List<Lora> LORAS =
      List.of(
          Lora.newBuilder()
              .setLora(ModelRef.newBuilder().setName("ink").setDigest("sha256:def"))
              .setWeight(-0.5f)
              .build());

  private static final Refiner REFINER =
      Refiner.newBuilder()
          .setRefiner(ModelRef.newBuilder().setName("fine").setDigest("sha256:ghi"))
          .setStart(0.8)
          .build();

  private final MapStore store = new MapStore();
  private final StepRecords records = new StepRecords(store);

  private static StepSnapshot snapshot(int step, float[]... history) {
    float[] latents = {1.5f, Float.MIN_VALUE, -0.0f, 1e30f};
    return new StepSnapshot(
        "acme",
        TASK,
        "sha256:abc",
        LORAS,
        REFINER,
        CLASS,
        new long[] {1, 1, 2, 2},
        2,
        new SamplerState(step, 1, latents, List.of(history), 4));
  }

  @Test
  void whatIsWrittenIsReadBitForBit() {
    float[] previous = {1, 2, 3, 4};
    float[] older = {5, 6, 7, 8};
    records.write(snapshot(7, previous, older));

    StepSnapshot read = records.read("acme", TASK).orElseThrow();

    assertThat(store.objects).containsOnlyKeys(KEY);
    assertThat(read.modelDigest()).isEqualTo("sha256:abc");
    assertThat(read.runtimeClass()).isEqualTo(CLASS);
    assertThat(read.attempt()).isEqualTo(2);
    assertThat(read.shape()).containsExactly(1, 1, 2, 2);
    assertThat(read.state().step()).isEqualTo(7);
    assertThat(read.state().draws()).isEqualTo(4);
    float[] latents = snapshot(7).state().latents();
    for (int i = 0; i < 4; i++) {
      assertThat(Float.floatToRawIntBits(read.state().latents()[i]))
          .isEqualTo(Float.floatToRawIntBits(latents[i]));
    }
    assertThat(read.state().history()).containsExactly(previous, older);
    assertThat(read.state().call()).isEqualTo(1);
  }

  @Test
  void onlyTheNewestIsKept() {
    records.write(snapshot(7));
    records.write(snapshot(8));

    assertThat(records.read("acme", TASK).orElseThrow().state().step()).isEqualTo(8);
    assertThat(store.objects).hasSize(1);
    records.delete("acme", TASK);
    assertThat(records.read("acme", TASK)).isEmpty();
  }

  @Test
  void whatIsAlteredIsAsGoodAsNone() {
    records.write(snapshot(7));
    byte[] altered = store.objects.get(KEY).clone();
    altered[altered.length / 2] ^= 1;
    store.objects.put(KEY, altered);

    assertThat(records.read("acme", TASK)).isEmpty();

    store.objects.put(KEY, new byte[] {(byte) 0xff});
    assertThat(records.read("acme", TASK)).isEmpty();
    store.objects.put(KEY, new byte[0]);
    assertThat(records.read("acme", TASK)).isEmpty();
  }

  @Test
  void anotherPicturesRecordAndWhatIsNotFiniteAreNotUsed() throws Exception {
    records.write(snapshot(7));
    StepState good = StepState.parseFrom(StepRecord.parseFrom(store.objects.get(KEY)).getState());

    put(good.toBuilder().setImageIndex(2).build());
    assertThat(records.read("acme", TASK)).isEmpty();

    StepState.Builder infinite = good.toBuilder();
    infinite
        .getLatentsBuilder()
        .setData(ByteString.copyFrom(new byte[12]).concat(ByteString.fromHex("0000807f")));
    put(infinite.build());
    assertThat(records.read("acme", TASK)).isEmpty();

    put(good.toBuilder().addAllHistory(Collections.nCopies(5, good.getLatents())).build());
    assertThat(records.read("acme", TASK)).isEmpty();

    put(good);
    assertThat(records.read("acme", TASK)).isPresent();
  }

  private void put(StepState state) {
    StepRecord record =
        StepRecord.newBuilder()
            .setState(state.toByteString())
            .setSha256(Sha256.hex(state.toByteArray()))
            .build();
    store.objects.put(KEY, record.toByteArray());
  }

  @Test
  void aStoreThatIsAwayIsToldToWhoReads() {
    store.away = true;

    assertThatThrownBy(() -> records.read("acme", TASK))
        .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.isOutage()).isTrue());
  }

  @Test
  void theWriterGoesOnWhenTheStoreIsBack() {
    try (StepWriter writer = new StepWriter(records)) {
      store.away = true;
      writer.offer(snapshot(1));
      writer.settle(TASK, Patience.SOON);
      assertThat(store.objects).isEmpty();

      store.away = false;
      writer.offer(snapshot(2));

      await().atMost(Patience.SOON).until(() -> store.objects.containsKey(KEY));
    }
  }

  @Test
  void afterItIsSettledNothingIsWrittenAnyMore() {
    try (StepWriter writer = new StepWriter(records)) {
      for (int step = 1; step <= 200; step++) {
        writer.offer(snapshot(step));
      }
      writer.settle(TASK, Patience.SOON);
      store.objects.clear();

      writer.settle(TASK, Duration.ZERO);

      assertThat(store.objects).isEmpty();
    }
  }
}
