package dev.latentline.prompt.tokenize;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Fills chunks with tokens as AUTOMATIC1111 does: when one is full the next begins, and what stands
 * behind a comma that is near the end of a full one moves over with what follows it. Not
 * thread-safe.
 */
final class Chunker {
  /** Of a full chunk so many tokens at most move to the next one. */
  private static final int MOST_MOVED = 20;

  private final int length;
  private final OptionalLong comma;
  private final List<Chunk> chunks = new ArrayList<>();
  private Chunk open = new Chunk();
  private int behindComma = -1;

  /**
   * @param length tokens of a full chunk
   * @param comma the token of a comma, where it is one
   */
  Chunker(int length, OptionalLong comma) {
    this.length = length;
    this.comma = comma;
  }

  /** Tokens of a text, without what frames them. */
  static final class Chunk {
    private final List<Long> ids = new ArrayList<>();
    private final List<Float> weights = new ArrayList<>();

    List<Long> ids() {
      return ids;
    }

    /** One for each of the ids. */
    List<Float> weights() {
      return weights;
    }

    private void add(long id, float weight) {
      ids.add(id);
      weights.add(weight);
    }

    private Chunk takeFrom(int at) {
      Chunk taken = new Chunk();
      for (int i = at; i < ids.size(); i++) {
        taken.add(ids.get(i), weights.get(i));
      }
      ids.subList(at, ids.size()).clear();
      weights.subList(at, weights.size()).clear();
      return taken;
    }
  }

  void add(long id, float weight) {
    boolean isComma = comma.isPresent() && comma.getAsLong() == id;
    boolean full = open.ids.size() == length;
    if (full) {
      next(!isComma);
    }
    open.add(id, weight);
    // one that begins a chunk parts nothing in it
    if (isComma && !full) {
      behindComma = open.ids.size();
    }
  }

  /**
   * Tokens that stay together.
   *
   * @param first the id of the first; those of the others follow
   * @param count at most a chunk's length
   */
  void add(long first, int count, float weight) {
    if (open.ids.size() == length) {
      next(true);
    }
    if (open.ids.size() + count > length) {
      end();
    }
    for (int i = 0; i < count; i++) {
      open.add(first + i, weight);
    }
  }

  /** Of a chunk that is full. */
  private void next(boolean mayMove) {
    boolean moves = mayMove && behindComma > 0 && length - behindComma < MOST_MOVED;
    Chunk moved = moves ? open.takeFrom(behindComma) : new Chunk();
    end();
    open = moved;
  }

  /** What follows begins a chunk of its own. */
  void end() {
    chunks.add(open);
    open = new Chunk();
    behindComma = -1;
  }

  /** At least one. */
  List<Chunk> chunks() {
    if (!open.ids.isEmpty() || chunks.isEmpty()) {
      end();
    }
    return List.copyOf(chunks);
  }
}
