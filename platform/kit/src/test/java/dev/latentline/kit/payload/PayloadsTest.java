package dev.latentline.kit.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.kit.blob.MemoryBlobStore;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.StoredPayload;
import dev.latentline.proto.v1.Tensor;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PayloadsTest {
  private final MemoryBlobStore store = new MemoryBlobStore();
  private final Payloads payloads = new Payloads(store);

  @Test
  void aTensorUpToTheLimitTravelsInTheRecord() {
    Tensor largest = tensor(Limits.INLINE_PAYLOAD_BYTES);

    Payload payload = payloads.put("acme", largest);

    assertThat(payload.getInline()).isEqualTo(largest);
    assertThat(payloads.get("acme", payload)).isEqualTo(largest);
    assertThat(store.calls()).isZero();
  }

  @Test
  void aLargerTensorLiesInTheStoreUnderItsTenantAndDigest() throws Exception {
    Tensor large = tensor(Limits.INLINE_PAYLOAD_BYTES + 1);
    String sha256 =
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(large.toByteArray()));

    Payload payload = payloads.put("acme", large);

    assertThat(payload)
        .isEqualTo(
            stored(
                StoredPayload.newBuilder()
                    .setKey("payloads/acme/" + sha256)
                    .setSha256(sha256)
                    .setSizeBytes(Limits.INLINE_PAYLOAD_BYTES + 1L)));
    assertThat(store.objects()).containsOnlyKeys("payloads/acme/" + sha256);
    assertThat(payloads.get("acme", payload)).isEqualTo(large);
  }

  @Test
  void theTensorsOfOneRecordShareTheLimit() {
    Tensor half = tensor(Limits.INLINE_PAYLOAD_BYTES / 2);
    Tensor more = tensor(Limits.INLINE_PAYLOAD_BYTES / 2 + 1);

    List<Payload> payloads = this.payloads.putAll("acme", List.of(half, more, half, half));

    assertThat(payloads)
        .extracting(Payload::hasInline)
        .as("halves fill the record, the rest is stored")
        .containsExactly(true, false, true, false);
    assertThat(payloads)
        .extracting(payload -> this.payloads.get("acme", payload))
        .containsExactly(half, more, half, half);
  }

  @Test
  void theSameTensorIsStoredOnceForATenantAndApartForAnother() {
    Tensor large = tensor(Limits.INLINE_PAYLOAD_BYTES + 1);

    Payload first = payloads.put("acme", large);

    assertThat(payloads.put("acme", large)).isEqualTo(first);
    assertThat(store.objects()).hasSize(1);
    assertThat(payloads.put("other", large)).isNotEqualTo(first);
    assertThat(store.objects()).hasSize(2);
  }

  @Test
  void anAlteredObjectIsNotUsedAndMayBeThereAgain() {
    Payload payload = payloads.put("acme", tensor(Limits.INLINE_PAYLOAD_BYTES + 1));
    byte[] bytes = store.objects().get(payload.getStored().getKey());
    bytes[bytes.length / 2] ^= 1;

    assertThatThrownBy(() -> payloads.get("acme", payload))
        .isInstanceOfSatisfying(
            Failure.Retryable.class, e -> assertThat(e.code()).isEqualTo("artifact_altered"));
  }

  @Test
  void anObjectThatIsGoneIsRejected() {
    Payload payload = payloads.put("acme", tensor(Limits.INLINE_PAYLOAD_BYTES + 1));
    store.objects().clear();

    assertRejected("artifact_missing", payload);
  }

  @Test
  void anObjectThatIsNoTensorIsRejected() throws Exception {
    byte[] bytes = {(byte) 0xff, 1, 2};
    String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    store.put("payloads/acme/" + sha256, bytes, "application/x-protobuf");

    assertRejected(
        "invalid_payload",
        stored(StoredPayload.newBuilder().setKey("payloads/acme/" + sha256).setSha256(sha256)));
  }

  @Test
  void anObjectThatIsNotTheTenantsOwnTensorIsNotRead() {
    Payload payload = payloads.put("acme", tensor(Limits.INLINE_PAYLOAD_BYTES + 1));
    StoredPayload.Builder elsewhere =
        payload.getStored().toBuilder().setKey("images/acme/" + payload.getStored().getSha256());

    assertThatThrownBy(() -> payloads.get("other", payload))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_payload"));
    assertRejected("invalid_payload", stored(elsewhere));
  }

  @Test
  void aRecordThatNamesNoTensorIsRejected() {
    assertRejected("invalid_payload", Payload.getDefaultInstance());
  }

  @Test
  void anAbsentStoreIsToldOn() {
    Failure.Retryable away = new Failure.Retryable("store_unavailable", "away");
    Tensor large = tensor(Limits.INLINE_PAYLOAD_BYTES + 1);
    Payload payload = payloads.put("acme", large);

    store.failNext(1, away);
    assertThatThrownBy(() -> payloads.get("acme", payload)).isSameAs(away);
    store.failNext(1, away);
    assertThatThrownBy(() -> payloads.put("acme", large)).isSameAs(away);
  }

  private void assertRejected(String code, Payload payload) {
    assertThatThrownBy(() -> payloads.get("acme", payload))
        .isInstanceOfSatisfying(Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static Payload stored(StoredPayload.Builder where) {
    return Payload.newBuilder().setStored(where).build();
  }

  /** A tensor of exactly so many bytes when serialized. */
  private static Tensor tensor(int serializedBytes) {
    byte[] data = new byte[serializedBytes];
    new Random(1).nextBytes(data);
    Tensor.Builder tensor = Tensor.newBuilder().setDtype(Tensor.Dtype.FLOAT32).addShape(1);
    int frame = tensor.setData(ByteString.copyFrom(data)).build().getSerializedSize();
    Tensor fitting =
        tensor.setData(ByteString.copyFrom(data, 0, 2 * serializedBytes - frame)).build();
    assertThat(fitting.getSerializedSize()).isEqualTo(serializedBytes);
    return fitting;
  }
}
