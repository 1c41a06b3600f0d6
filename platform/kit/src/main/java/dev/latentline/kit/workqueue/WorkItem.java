package dev.latentline.kit.workqueue;

import java.time.Instant;
import java.util.Map;

/**
 * One record of a work queue, leased to this worker until the stage's method returns.
 *
 * @param key the record's key: a generation id, or an image task
 * @param headers the record's headers, of each name the first
 * @param generationId from the headers
 * @param attempt which attempt this is, from 1
 * @param lastAttempt whether the record is given up if this attempt gets no further either ({@link
 *     Attempts}): work that can be done alone in its process is to be, as what it was done beside
 *     may be what fails
 * @param deadline the generation's, from the headers
 */
public record WorkItem(
    String key,
    byte[] value,
    Map<String, String> headers,
    String generationId,
    int attempt,
    boolean lastAttempt,
    Instant deadline,
    Lease lease) {
  WorkItem onLastAttempt() {
    return new WorkItem(key, value, headers, generationId, attempt, true, deadline, lease);
  }
}
