package dev.latentline.kit.payload;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.Payload;
import dev.latentline.proto.v1.StoredPayload;
import dev.latentline.proto.v1.Tensor;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts a tensor into a record, or into the store when it passes {@code
 * Limits.INLINE_PAYLOAD_BYTES}.
 */
@ApplicationScoped
public class Payloads {
  private final BlobStore store;

  Payloads(BlobStore store) {
    this.store = store;
  }

  public Payload put(String tenant, Tensor tensor) {
    return putAll(tenant, List.of(tensor)).get(0);
  }

  /**
   * The tensors of one record. A broker refuses a record that is too large, so they share the
   * limit: each travels inline while all that do so keep within it.
   */
  public List<Payload> putAll(String tenant, List<Tensor> tensors) {
    List<Payload> payloads = new ArrayList<>();
    long room = Limits.INLINE_PAYLOAD_BYTES;
    for (Tensor tensor : tensors) {
      int size = tensor.getSerializedSize();
      if (size <= room) {
        room -= size;
        payloads.add(Payload.newBuilder().setInline(tensor).build());
      } else {
        payloads.add(store(tenant, tensor));
      }
    }
    return payloads;
  }

  private Payload store(String tenant, Tensor tensor) {
    byte[] bytes = tensor.toByteArray();
    String sha256 = Sha256.hex(bytes);
    String key = ObjectKeys.payload(tenant, sha256);
    // what is there already is the same, named by its content: written again it is young again, and
    // is not removed as a leftover while this generation needs it
    store.put(key, bytes, "application/x-protobuf");
    return Payload.newBuilder()
        .setStored(
            StoredPayload.newBuilder().setKey(key).setSha256(sha256).setSizeBytes(bytes.length))
        .build();
  }

  /**
   * The tensor; whether its shape fits its length is for its reader to check.
   *
   * @throws Failure.Rejected with code {@code artifact_missing} or {@code invalid_payload} when the
   *     object is gone or there is none
   * @throws Failure.Retryable when the store is away, or the object's digest differs (code {@code
   *     artifact_altered})
   */
  public Tensor get(String tenant, Payload payload) {
    return switch (payload.getWhereCase()) {
      case INLINE -> payload.getInline();
      case STORED -> read(tenant, payload.getStored());
      default -> throw new Failure.Rejected("invalid_payload", "A record names no tensor");
    };
  }

  private Tensor read(String tenant, StoredPayload stored) {
    // the key comes from outside: another tenant's object or a picture must not be read through it
    if (!stored.getKey().equals(ObjectKeys.payload(tenant, stored.getSha256()))) {
      throw new Failure.Rejected(
          "invalid_payload", "A record names an object that is no tensor of its tenant");
    }
    byte[] bytes =
        store
            .get(stored.getKey())
            .orElseThrow(
                () ->
                    new Failure.Rejected(
                        "artifact_missing", "A tensor is not in the store any more"));
    if (!Sha256.hex(bytes).equals(stored.getSha256())) {
      throw new Failure.Retryable(
          "artifact_altered", "A tensor in the store is not the one that was put there");
    }
    try {
      return Tensor.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new Failure.Rejected("invalid_payload", "An object in the store is no tensor", e);
    }
  }
}
