package dev.latentline.local.hub;

import java.util.Optional;

/**
 * A file of a repository.
 *
 * @param path in the repository, with slashes
 * @param bytes its length, or -1 where the hub did not say
 * @param digest what its content must have, in lower-case hex: 64 digits are its SHA-256, which
 *     hubs know of large files; 40 are the SHA-1 that git gives it
 */
public record HubFile(String path, long bytes, Optional<String> digest) {
  /** Whether enough is known to tell that it arrived whole and right. */
  boolean canBeChecked() {
    return bytes >= 0 && digest.isPresent();
  }
}
