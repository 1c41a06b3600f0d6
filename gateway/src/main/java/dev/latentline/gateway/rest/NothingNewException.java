package dev.latentline.gateway.rest;

/**
 * Ends a request for events with 204, the one answer that keeps an EventSource from connecting
 * again: a stream cannot be answered with another status than 200.
 */
final class NothingNewException extends RuntimeException {
  NothingNewException() {
    super("the client knows all of it", null, false, false);
  }
}
