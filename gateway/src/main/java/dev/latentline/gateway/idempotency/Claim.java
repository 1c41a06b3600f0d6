package dev.latentline.gateway.idempotency;

/** What a key stands for. */
public sealed interface Claim {
  /** The key is new: it stands for the generation that claimed it, which is to be accepted. */
  record First() implements Claim {}

  /** The same request came with it before. */
  record Replay(String generationId) implements Claim {}

  /** Another request came with it before. */
  record Conflict() implements Claim {}
}
