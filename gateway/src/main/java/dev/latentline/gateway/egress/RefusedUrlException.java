package dev.latentline.gateway.egress;

/** A URL that is never called; the message says why and does not repeat it. */
final class RefusedUrlException extends Exception {
  RefusedUrlException(String message) {
    super(message);
  }
}
