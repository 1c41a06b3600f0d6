package dev.latentline.local.stack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * What a running stack leaves for other shells to find it: {@code stack.json}.
 *
 * @param pid the process that supervises it
 * @param started when that process started, as {@link ProcessStart} tells it
 * @param forOneCall whether it ends with the command that started it
 */
public record StackRecord(long pid, String started, boolean forOneCall, List<Part> parts) {
  private static final Duration LEFT_OVER = Duration.ofSeconds(15);

  /**
   * A process of the stack.
   *
   * @param started as {@link ProcessStart} tells it
   */
  public record Part(String name, int port, long pid, String started) {
    static Part of(String name, int port, ProcessHandle process) {
      return new Part(name, port, process.pid(), ProcessStart.of(process));
    }

    /** The process, if it is still that one. */
    public Optional<ProcessHandle> process() {
      return alive(pid, started);
    }
  }

  /**
   * Waits for the processes of a stack whose supervisor was killed: they notice and end by
   * themselves; what has not after 15 s is killed.
   */
  public static void awaitLeftOvers(StateFolder state, Consumer<String> notes) {
    List<Part> left =
        read(state.stackFile()).stream()
            .flatMap(record -> record.parts().stream())
            .filter(part -> part.process().isPresent())
            .toList();
    if (left.isEmpty()) {
      return;
    }
    notes.accept("waiting for the processes of a stack that was killed");
    for (Part part : left) {
      part.process().ifPresent(process -> awaitEnd(process));
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    try {
      process.onExit().get(LEFT_OVER.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      process.destroyForcibly();
      process.onExit().join();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The record of this process. */
  static StackRecord own(boolean forOneCall, List<Part> parts) {
    ProcessHandle self = ProcessHandle.current();
    return new StackRecord(self.pid(), ProcessStart.of(self), forOneCall, List.copyOf(parts));
  }

  /** The stack that runs with this state; empty when none does. */
  public static Optional<StackRecord> running(StateFolder state) {
    return read(state.stackFile()).filter(record -> record.supervisor().isPresent());
  }

  /** The supervising process, if it is still that one. */
  public Optional<ProcessHandle> supervisor() {
    return alive(pid, started);
  }

  /** The port of a part. */
  public Optional<Integer> port(Role role) {
    return parts.stream().filter(p -> p.name().equals(role.id())).map(Part::port).findFirst();
  }

  void write(StateFolder state) {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode();
    root.put("pid", pid).put("started", started).put("for_one_call", forOneCall);
    ArrayNode list = root.putArray("parts");
    for (Part part : parts) {
      list.addObject()
          .put("name", part.name())
          .put("port", part.port())
          .put("pid", part.pid())
          .put("started", part.started());
    }
    try {
      Path unfinished = state.stackFile().resolveSibling("stack.json.part");
      Files.writeString(unfinished, root.toPrettyString() + "\n");
      Files.move(
          unfinished,
          state.stackFile(),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static void remove(StateFolder state) {
    try {
      Files.deleteIfExists(state.stackFile());
    } catch (IOException e) {
      // a record of a process that is gone is not believed
    }
  }

  private static Optional<StackRecord> read(Path file) {
    try {
      JsonNode root = new ObjectMapper().readTree(Files.readString(file));
      List<Part> parts = new ArrayList<>();
      for (JsonNode part : root.path("parts")) {
        parts.add(
            new Part(
                part.path("name").asText(),
                part.path("port").asInt(),
                part.path("pid").asLong(),
                part.path("started").asText()));
      }
      return Optional.of(
          new StackRecord(
              root.path("pid").asLong(),
              root.path("started").asText(),
              root.path("for_one_call").asBoolean(),
              parts));
    } catch (IOException e) {
      // there is none, or it was cut off
      return Optional.empty();
    }
  }

  private static Optional<ProcessHandle> alive(long pid, String started) {
    return ProcessHandle.of(pid).filter(p -> p.isAlive() && ProcessStart.of(p).equals(started));
  }
}
