package dev.latentline.gateway.rest;

import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.idempotency.Claim;
import dev.latentline.gateway.idempotency.IdempotencyKeys;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.Generations;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.problem.ProblemException;
import dev.latentline.gateway.request.FieldError;
import dev.latentline.proto.v1.GenerationRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A request becomes a generation, once for each Idempotency-Key. */
@Singleton
public class Acceptance {
  /** The request's header (draft-ietf-httpapi-idempotency-key-header). */
  static final String KEY = "Idempotency-Key";

  /** Says that the generation is one that was there before. */
  static final String REPLAYED = "Idempotency-Replayed";

  private static final String FULL_RETRY_AFTER_SECONDS = "10";

  private final Submission submission;
  private final Generations generations;
  private final IdempotencyKeys keys;
  private final Clock clock;

  Acceptance(Submission submission, Generations generations, IdempotencyKeys keys, Clock clock) {
    this.submission = submission;
    this.generations = generations;
    this.keys = keys;
    this.clock = clock;
  }

  /** A generation, and whether an earlier request made it. */
  record Accepted(GenerationView view, boolean replayed) {}

  /**
   * The key among the header's values.
   *
   * @throws ProblemException 400 when there are several, or it is none
   */
  static Optional<String> key(List<String> values) {
    if (values == null || values.isEmpty()) {
      return Optional.empty();
    }
    String key = values.get(0);
    boolean fits = !key.isEmpty() && key.length() <= Limits.MAX_IDEMPOTENCY_KEY_CHARS;
    if (values.size() > 1 || !fits || !key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new ProblemException(
          Problem.invalid(
              List.of(
                  new FieldError(
                      KEY,
                      "invalid_text",
                      "Must be one value of 1 to "
                          + Limits.MAX_IDEMPOTENCY_KEY_CHARS
                          + " visible ASCII characters",
                      Optional.empty()))));
    }
    return Optional.of(key);
  }

  /**
   * A key that is known is answered whatever its body is worth by now: what the first answer
   * promised holds whatever the catalogue or a name server say. Whether it is known is asked of the
   * store where the body is refused; a body that is not claims its key, which tells as much. So a
   * repetition waits for what judges bodies, too.
   *
   * @throws ProblemException 400 with everything that is wrong; 409 when the key stands for another
   *     request; 429 when too much is waiting
   * @throws Failure.Retryable when broker or store are away
   */
  Accepted accept(byte[] body, String tenant, Optional<String> key) {
    GenerationRequest request;
    try {
      request = submission.validate(body, tenant);
      mustBeTaken(request);
    } catch (ProblemException | Failure.Retryable refused) {
      return key.flatMap(known -> keys.find(tenant, known, body))
          .map(Acceptance::firstId)
          .flatMap(id -> first(tenant, id))
          .map(view -> new Accepted(view, true))
          .orElseThrow(() -> refused);
    }
    Claim claim =
        key.map(fresh -> keys.claim(tenant, fresh, body, request.getGenerationId()))
            .orElse(new Claim.First());
    if (!(claim instanceof Claim.First)) {
      String id = firstId(claim);
      return first(tenant, id)
          .map(view -> new Accepted(view, true))
          .orElseGet(() -> acceptAs(id, request));
    }
    return accept(request, false);
  }

  /**
   * Accepts a frame of live mode.
   *
   * @throws ProblemException 400 with everything that is wrong; 429 when too much is waiting
   * @throws Failure.Retryable when the broker is away
   */
  public GenerationView acceptLive(byte[] body, String tenant) {
    GenerationRequest request = submission.validateLive(body, tenant);
    mustBeTaken(request);
    return accept(request, false).view();
  }

  /** Before anything is written. */
  private void mustBeTaken(GenerationRequest request) {
    if (!generations.caughtUp()) {
      throw new ProblemException(
          Problem.retryable(503, "not_ready", "The gateway is still reading what was before it"),
          Map.of(HttpHeaders.RETRY_AFTER, ProblemMappers.RETRY_AFTER_SECONDS));
    }
    if (!generations.hasRoomFor(request)) {
      throw new ProblemException(
          Problem.retryable(
              429,
              "too_many_waiting",
              "Too much is waiting already: send it again when some has ended"),
          Map.of(HttpHeaders.RETRY_AFTER, FULL_RETRY_AFTER_SECONDS));
    }
  }

  private static String firstId(Claim claim) {
    if (claim instanceof Claim.Replay replay) {
      return replay.generationId();
    }
    throw new ProblemException(
        Problem.of(
            409,
            "idempotency_key_reused",
            "Another request came with this Idempotency-Key: send a new key with a new request"));
  }

  /** The generation of a key; empty when it was claimed and nothing was accepted. */
  private Optional<GenerationView> first(String tenant, String firstId) {
    Optional<GenerationView> known = generations.find(tenant, firstId);
    long age = clock.millis() - GenerationIds.createdAtMs(firstId);
    // one that was forgotten must not be made again
    if (known.isEmpty()
        && (age > Topic.WORK_RETENTION.toMillis() || generations.mayHaveForgotten(firstId))) {
      throw new ProblemException(
          Problem.of(
              409,
              "idempotency_key_expired",
              "The generation of this Idempotency-Key is no longer known: send a new key"));
    }
    return known;
  }

  /**
   * Whoever claimed the key died before the generation was accepted; of two that come now the first
   * fact counts.
   */
  private Accepted acceptAs(String firstId, GenerationRequest request) {
    return accept(request.toBuilder().setGenerationId(firstId).build(), true);
  }

  private Accepted accept(GenerationRequest request, boolean replayed) {
    generations.accept(request);
    return new Accepted(
        generations.find(request.getTenant(), request.getGenerationId()).orElseThrow(), replayed);
  }
}
