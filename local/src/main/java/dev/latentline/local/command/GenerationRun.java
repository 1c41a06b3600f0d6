package dev.latentline.local.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Sha256;
import dev.latentline.local.CliException;
import dev.latentline.local.client.EventStream;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import dev.latentline.local.client.Generation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One generation from the request to the bytes of its pictures. GET is the truth; the events only
 * move the bar and end the wait sooner.
 */
final class GenerationRun {
  private static final long POLL_WITH_EVENTS_MILLIS = 500;
  private static final long POLL_MILLIS = 250;
  private static final int SUBMIT_ATTEMPTS = 5;

  /** The gateway judges deadlines; the command only stops waiting some time later. */
  private static final Duration AFTER_DEADLINE = Duration.ofSeconds(15);

  private final GatewayClient gateway;
  private final Progress progress;
  private final long deadline;
  private final long seconds;
  private final Semaphore changed = new Semaphore(0);
  private final AtomicBoolean ended = new AtomicBoolean();

  /**
   * @param timeout the request's deadline, in seconds; some time after it, it is cancelled
   */
  GenerationRun(GatewayClient gateway, Progress progress, int timeout) {
    Duration atMost = Duration.ofSeconds(timeout).plus(AFTER_DEADLINE);
    this.gateway = gateway;
    this.progress = progress;
    this.seconds = atMost.toSeconds();
    this.deadline = System.nanoTime() + atMost.toNanos();
  }

  /** Sends a picture, so that a request can name it; the same one counts once. */
  String upload(Path picture) {
    return id(
        () -> gateway.upload(picture),
        picture + " is not taken: ",
        ": choose another picture, or save it as a PNG");
  }

  /** Hands the request in, again where the gateway does not answer: it counts once. */
  String submit(ObjectNode body) {
    String key = UUID.randomUUID().toString();
    return id(
        () -> gateway.submit(body, key).id(),
        "",
        "; see latentline generate --help and latentline models list");
  }

  /** Asks the gateway for something that counts once, however often it is asked for. */
  private interface Asked {
    String id() throws GatewayException;
  }

  /** What was asked for, by its id; what is wrong with it is said between two texts. */
  private String id(Asked asked, String before, String behind) {
    for (int attempt = 1; ; attempt++) {
      try {
        String id = asked.id();
        if (id.isEmpty()) {
          throw CliException.failed(
              gateway.shown() + " answered without an id: is a Latentline gateway there?");
        }
        return id;
      } catch (GatewayException e) {
        if (e.isRequestWrong()) {
          throw CliException.usage(before + e.getMessage() + behind);
        }
        if (!e.isPassing() || attempt == SUBMIT_ATTEMPTS) {
          throw CliException.failed(
              e.with("see latentline status and the gateway's log, then try again"));
        }
        pause(POLL_MILLIS * attempt);
      }
    }
  }

  /** Waits until it has ended. */
  Generation await(String id) {
    CompletableFuture<Void> events =
        gateway.follow(
            id,
            new EventStream(
                change -> {
                  if (change.progress() >= 0) {
                    progress.done(change.progress(), change.etaMs());
                  }
                  if (change.terminal() || change.progress() < 0) {
                    changed.release();
                  }
                }));
    try {
      while (true) {
        Generation generation = look(id);
        if (generation != null && generation.hasEnded()) {
          ended.set(true);
          return generation;
        }
        if (generation != null) {
          show(generation);
        }
        if (System.nanoTime() > deadline) {
          cancel(id);
          throw CliException.failed(
              "not done within " + seconds + " s, so it was cancelled: give a longer --timeout");
        }
        pause(events.isDone() ? POLL_MILLIS : POLL_WITH_EVENTS_MILLIS);
      }
    } finally {
      events.cancel(true);
    }
  }

  /** The manifest of an ended generation: written soon after its end. */
  JsonNode manifest(String id) {
    while (true) {
      try {
        return gateway.manifest(id);
      } catch (GatewayException e) {
        if (!(e.isPassing() || e.isUnknown()) || System.nanoTime() > deadline) {
          throw CliException.failed(
              "generation " + id + " has no manifest (" + e.getMessage() + "): try again");
        }
      }
      pause(POLL_MILLIS);
    }
  }

  /** The bytes of a picture, as they were stored. */
  byte[] download(Generation.Image image) {
    for (int attempt = 1; ; attempt++) {
      try {
        byte[] bytes = gateway.download(image);
        if (image.sha256().isEmpty() || image.sha256().equals(Sha256.hex(bytes))) {
          return bytes;
        }
        if (attempt == SUBMIT_ATTEMPTS) {
          throw CliException.failed(
              "picture " + image.index() + " has other bytes than its record: try again");
        }
      } catch (GatewayException e) {
        if (!e.isPassing() || attempt == SUBMIT_ATTEMPTS) {
          throw CliException.failed(
              "cannot fetch picture " + image.index() + " (" + e.getMessage() + "): try again");
        }
      }
      pause(POLL_MILLIS * attempt);
    }
  }

  /**
   * For a call that is broken off: what nobody waits for is not worth making. Nothing when it has
   * ended or was cancelled before.
   */
  void breakOff(String id) {
    if (cancel(id)) {
      progress.note("stopped, and generation " + id + " is cancelled");
    }
  }

  private boolean cancel(String id) {
    if (ended.getAndSet(true)) {
      return false;
    }
    try {
      gateway.cancel(id);
      return true;
    } catch (GatewayException e) {
      progress.note("generation " + id + " could not be cancelled: " + e.getMessage());
      return false;
    }
  }

  /** null when the gateway does not answer just now; it may come back. */
  private Generation look(String id) {
    try {
      return gateway.generation(id);
    } catch (GatewayException e) {
      if (e.isPassing()) {
        return null;
      }
      throw CliException.failed(
          "generation " + id + " cannot be followed (" + e.getMessage() + "): try again");
    }
  }

  private void show(Generation generation) {
    if ("queued".equals(generation.status())) {
      progress.waiting(generation.queuePosition());
    } else {
      progress.done(generation.progress(), generation.etaMs());
    }
  }

  private void pause(long millis) {
    try {
      changed.tryAcquire(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CliException.failed("interrupted");
    }
  }
}
