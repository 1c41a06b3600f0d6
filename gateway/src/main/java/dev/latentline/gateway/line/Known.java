package dev.latentline.gateway.line;

import dev.latentline.gateway.fold.GenerationState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A generation with what is known of it here alone. Not thread-safe. */
final class Known {
  /** What one takes in memory beside its facts, once it is packed: objects, references, the id. */
  private static final int OWN_BYTES = 384;

  /** What is noted of its texts beside them: while they are held, and until their turn comes. */
  private static final int NOTE_BYTES = 128;

  final String id;
  final int partition;
  final int[] stepsDone;
  final List<Consumer<GenerationUpdate>> watchers = new ArrayList<>(0);
  Optional<Eta> eta = Optional.empty();
  private Optional<GenerationState> state;
  private Optional<Packed> packed = Optional.empty();

  Known(int partition, GenerationState state) {
    this.id = state.id();
    this.partition = partition;
    this.state = Optional.of(state);
    this.stepsDone = new int[state.images().size()];
  }

  GenerationState state() {
    return state.orElseGet(() -> packed.orElseThrow().state());
  }

  void advance(GenerationState next) {
    state = Optional.of(next);
    if (next.ended()) {
      eta = Optional.empty();
    }
  }

  boolean isPacked() {
    return packed.isPresent();
  }

  /** From now on few bytes; for one that is settled, of which no more is heard. */
  void pack() {
    packed = Optional.of(Packed.of(state()));
    state = Optional.empty();
  }

  int bytes() {
    return OWN_BYTES + packed.orElseThrow().factBytes();
  }

  int textBytes() {
    return NOTE_BYTES + packed.orElseThrow().textBytes();
  }

  void dropTexts() {
    packed = packed.map(Packed::withoutTexts);
  }

  /** Whether it is settled and ended before the time given, or was a live frame. */
  boolean isOver(long endedBeforeMs) {
    return packed
        .map(few -> few.endedAtMs() < endedBeforeMs)
        .orElseGet(() -> state().settled() && state().request().getLive());
  }
}
