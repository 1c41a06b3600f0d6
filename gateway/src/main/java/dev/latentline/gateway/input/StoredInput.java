package dev.latentline.gateway.input;

import dev.latentline.contract.InputIds;

/**
 * A picture that a client sent, as it is in the store.
 *
 * @param sha256 of the file, in hex
 */
public record StoredInput(String sha256, int width, int height, long sizeBytes) {
  public String id() {
    return InputIds.of(sha256);
  }
}
