package dev.latentline.gateway.idempotency;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.gateway.secret.Hkdf;
import dev.latentline.gateway.secret.MasterSecret;
import dev.latentline.kit.blob.BlobStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The keys that clients sent, one object {@code keys/{tenant}/{hmac}} each, made by a conditional
 * put: of all requests with a key one is the first, whichever gateways they reach. The name is an
 * HMAC, so that who can list the store learns no client's keys.
 */
@ApplicationScoped
public class IdempotencyKeys {
  private static final String PURPOSE = "latentline idempotency key";
  private static final String ID = "id";
  private static final String BODY = "body_sha256";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final BlobStore store;
  private final MasterSecret master;

  IdempotencyKeys(BlobStore store, MasterSecret master) {
    this.store = store;
    this.master = master;
  }

  /**
   * Claims a key for a generation.
   *
   * @param body of the request, byte for byte
   * @throws Failure.Retryable when the store is away
   */
  public Claim claim(String tenant, String key, byte[] body, String generationId) {
    String object = object(tenant, key);
    if (store.putIfAbsent(object, json(generationId, Sha256.hex(body)), "application/json")) {
      return new Claim.First();
    }
    Claim claimed =
        store
            .get(object)
            .map(bytes -> read(bytes, body))
            .orElseThrow(() -> unavailable("an idempotency key was removed just now", null));
    // a put that was carried out and whose answer was lost
    return claimed.equals(new Claim.Replay(generationId)) ? new Claim.First() : claimed;
  }

  /**
   * What a key stands for already; empty when nobody has claimed it. Claims nothing.
   *
   * @param body of the request, byte for byte
   * @throws Failure.Retryable when the store is away
   */
  public Optional<Claim> find(String tenant, String key, byte[] body) {
    return store.get(object(tenant, key)).map(bytes -> read(bytes, body));
  }

  private String object(String tenant, String key) {
    return ObjectKeys.idempotencyKey(tenant, hmac(tenant, key));
  }

  private static Claim read(byte[] object, byte[] body) {
    JsonNode claimed = parse(object);
    if (!claimed.path(BODY).asText().equals(Sha256.hex(body))) {
      return new Claim.Conflict();
    }
    String first = claimed.path(ID).asText();
    if (!GenerationIds.isValid(first)) {
      throw unavailable("an idempotency key's object is unreadable", null);
    }
    return new Claim.Replay(first);
  }

  private String hmac(String tenant, String key) {
    byte[] secret = master.derive(PURPOSE, tenant);
    return HexFormat.of().formatHex(Hkdf.hmac(secret, key.getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] json(String generationId, String digest) {
    try {
      return JSON.writeValueAsBytes(
          JSON.createObjectNode().put(ID, generationId).put(BODY, digest));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of values is always JSON", e);
    }
  }

  private static JsonNode parse(byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (IOException e) {
      throw unavailable("an idempotency key's object is unreadable", e);
    }
  }

  private static Failure.Retryable unavailable(String message, Exception cause) {
    return new Failure.Retryable("store_unavailable", message, cause);
  }
}
