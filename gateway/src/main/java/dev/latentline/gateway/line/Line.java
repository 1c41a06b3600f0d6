package dev.latentline.gateway.line;

import com.google.protobuf.ByteString;
import dev.latentline.contract.Failure;
import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Topic;
import dev.latentline.gateway.decide.DispatchQueue;
import dev.latentline.gateway.fold.Fold;
import dev.latentline.gateway.fold.GenerationState;
import dev.latentline.proto.v1.Accepted;
import dev.latentline.proto.v1.CancelRequested;
import dev.latentline.proto.v1.GenerationEvent;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Progress;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * The fold of generation.event in this replica's memory, and who waits for what in it. Fed by
 * {@link LineReader}; every method holds one lock, and none does so while it waits for the broker.
 */
@ApplicationScoped
public class Line implements Generations {
  private static final Logger LOG = Logger.getLogger(Line.class);

  /** A fact that was acknowledged comes back within milliseconds, or something is wrong. */
  private static final Duration OWN_FACT = Duration.ofSeconds(10);

  private static final Duration CATCH_UP = Duration.ofSeconds(1);

  private final Facts facts;
  private final LogEnd log;
  private final DispatchQueue queue;
  private final Waiting waiting;
  private final Held texts;
  private final Held settled;

  /** By id, in the order of acceptance as this replica read it. */
  private final Map<String, Known> entries = new LinkedHashMap<>();

  /** Those that still need their owner. */
  private final Map<String, Known> unsettled = new LinkedHashMap<>();

  private final Map<Integer, Long> positions = new HashMap<>();
  private Map<Integer, Long> endsAtStart;

  /** When the newest of those was made that were forgotten to make room; 0 when none was. */
  private long forgottenUpToMs;

  private Runnable onChange = () -> {};

  Line(Facts facts, LogEnd log, LineSettings settings) {
    this.facts = facts;
    this.log = log;
    this.queue = new DispatchQueue(settings.window());
    this.waiting =
        new Waiting(
            settings.maxWaiting(),
            settings.maxWaitingPerTenant(),
            settings.maxWaitingBytes().asLongValue());
    this.texts = new Held(settings.promptMemory().asLongValue());
    this.settled = new Held(settings.settledMemory().asLongValue());
  }

  // What feeds the fold

  /** Folds one fact. */
  synchronized void fold(GenerationEvent event, int partition, long offset) {
    Known entry = entries.get(event.getGenerationId());
    if (entry != null && entry.isPacked()) {
      return;
    }
    Optional<GenerationState> before = Optional.ofNullable(entry).map(Known::state);
    Optional<GenerationState> after = Fold.apply(before, event, offset);
    if (after.isEmpty() || (before.isPresent() && after.get() == before.get())) {
      return;
    }
    queue.update(before, after.get());
    waiting.update(before, after.get());
    if (entry == null) {
      Known accepted = new Known(partition, after.get());
      entries.put(accepted.id, accepted);
      unsettled.put(accepted.id, accepted);
    } else {
      entry.advance(after.get());
      if (before.get().lastOffset() != after.get().lastOffset()) {
        tell(entry, GenerationUpdate.Kind.STATE, Optional.empty());
      }
      if (after.get().settled()) {
        unsettled.remove(entry.id);
        if (!after.get().request().getLive()) {
          keep(entry, after.get().request().getTenant());
        }
      }
    }
    onChange.run();
  }

  /** In few bytes, and of the newest only; some may have been forgotten meanwhile. */
  private void keep(Known entry, String tenant) {
    entry.pack();
    for (String id : texts.add(tenant, entry.id, entry.textBytes())) {
      Optional.ofNullable(entries.get(id)).ifPresent(Known::dropTexts);
    }
    for (String id : settled.add(tenant, entry.id, entry.bytes())) {
      entries.remove(id);
      if (GenerationIds.isValid(id)) {
        forgottenUpToMs = Math.max(forgottenUpToMs, GenerationIds.createdAtMs(id));
      }
    }
  }

  /** Everything before the offset is read. */
  synchronized void readUpTo(int partition, long offset) {
    positions.put(partition, offset);
    notifyAll();
  }

  /** Takes a step that was done; one that was known already changes nothing. */
  synchronized void progress(Progress progress) {
    Known entry = entries.get(progress.getGenerationId());
    int index = progress.getImageIndex();
    if (entry == null
        || entry.isPacked()
        || entry.state().ended()
        || index < 0
        || index >= entry.stepsDone.length
        || progress.getStep() <= entry.stepsDone[index]
        || progress.getStep() > entry.state().request().getSteps()) {
      return;
    }
    entry.stepsDone[index] = progress.getStep();
    if (entry.eta.isEmpty()) {
      entry.eta = Optional.of(new Eta(entry.stepsDone.length));
    }
    entry.eta.get().stepped(index, entry.stepsDone, left(progress), System.nanoTime());
    tell(entry, GenerationUpdate.Kind.PROGRESS, step(progress, ByteString.EMPTY));
    ByteString preview = progress.getPreview();
    if (!preview.isEmpty() && preview.size() <= Limits.MAX_PREVIEW_BYTES) {
      tell(entry, GenerationUpdate.Kind.PREVIEW, step(progress, preview));
    }
  }

  /** A denoiser that cannot say leaves it at 0. */
  private static OptionalLong left(Progress progress) {
    return progress.getEtaMs() > 0 || progress.getStep() == progress.getSteps()
        ? OptionalLong.of(progress.getEtaMs())
        : OptionalLong.empty();
  }

  private static Optional<GenerationUpdate.StepProgress> step(
      Progress progress, ByteString preview) {
    return Optional.of(
        new GenerationUpdate.StepProgress(
            progress.getImageIndex(), progress.getStep(), progress.getSteps(), preview));
  }

  /** What was written before this replica came must be read before it answers and decides. */
  void start() {
    Map<Integer, Long> ends = log.ends(Duration.ofSeconds(30));
    synchronized (this) {
      endsAtStart = ends;
      notifyAll();
    }
    onChange.run();
  }

  /**
   * Forgets what ended before the time given and is settled: its facts are past their retention. A
   * live frame is forgotten once it is settled: nothing is left of it.
   */
  public synchronized void forget(long endedBeforeMs) {
    entries.values().removeIf(entry -> entry.watchers.isEmpty() && entry.isOver(endedBeforeMs));
  }

  /** How long facts are kept. */
  public static long retentionMs() {
    return Topic.WORK_RETENTION.toMillis();
  }

  // What clients ask

  @Override
  public synchronized boolean hasRoomFor(GenerationRequest request) {
    return waiting.hasRoomFor(request);
  }

  @Override
  public void accept(GenerationRequest request) {
    facts.publish(
        request,
        GenerationEvent.newBuilder().setAccepted(Accepted.newBuilder().setRequest(request)));
    if (!await(() -> entries.containsKey(request.getGenerationId()), OWN_FACT)) {
      throw new Failure.Retryable(
          "broker_unavailable", "the broker has the request and does not give it back");
    }
  }

  @Override
  public Optional<GenerationView> find(String tenant, String generationId) {
    Optional<GenerationView> known = known(tenant, generationId);
    if (known.isPresent() || holds(generationId)) {
      return known;
    }
    long until = System.nanoTime() + CATCH_UP.toNanos();
    Map<Integer, Long> ends = log.endsShared(CATCH_UP);
    if (!await(() -> has(ends), Duration.ofNanos(until - System.nanoTime()))) {
      throw new Failure.Retryable(
          "not_caught_up", "this gateway has not read everything yet; try again");
    }
    return known(tenant, generationId);
  }

  @Override
  public synchronized boolean mayHaveForgotten(String generationId) {
    return GenerationIds.createdAtMs(generationId) <= forgottenUpToMs;
  }

  private synchronized boolean holds(String generationId) {
    return entries.containsKey(generationId);
  }

  private synchronized Optional<GenerationView> known(String tenant, String generationId) {
    return entry(tenant, generationId).map(this::view);
  }

  @Override
  public boolean requestCancel(String tenant, String generationId) {
    Optional<GenerationView> view = find(tenant, generationId);
    if (view.isEmpty()) {
      return false;
    }
    if (!view.get().status().terminal()) {
      facts.publish(
          view.get().request(),
          GenerationEvent.newBuilder().setCancelRequested(CancelRequested.getDefaultInstance()));
    }
    return true;
  }

  @Override
  public synchronized Optional<Subscription> watch(
      String tenant, String generationId, long afterOffset, Consumer<GenerationUpdate> listener) {
    Optional<Known> found = entry(tenant, generationId);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Known entry = found.get();
    // one and the same listener may watch twice
    Consumer<GenerationUpdate> watcher = listener::accept;
    entry.watchers.add(watcher);
    if (entry.state().lastOffset() != afterOffset) {
      watcher.accept(update(entry, GenerationUpdate.Kind.SNAPSHOT, Optional.empty()));
    }
    return Optional.of(
        () -> {
          synchronized (this) {
            entry.watchers.remove(watcher);
          }
        });
  }

  @Override
  public synchronized boolean caughtUp() {
    return endsAtStart != null && has(endsAtStart);
  }

  // What the owner asks

  /** Runs the action after every change; it must not block. */
  public synchronized void onChange(Runnable action) {
    onChange = action;
  }

  /** A generation that still needs its owner. */
  public record Unsettled(GenerationState state, int partition) {}

  /** All of them, oldest first. */
  public synchronized List<Unsettled> unsettled() {
    return unsettled.values().stream()
        .map(entry -> new Unsettled(entry.state(), entry.partition))
        .toList();
  }

  /** The generations that the dispatch windows have room for, oldest first. */
  public synchronized List<GenerationState> admitted() {
    return queue.admitted();
  }

  private Optional<Known> entry(String tenant, String generationId) {
    return Optional.ofNullable(entries.get(generationId))
        .filter(entry -> entry.state().request().getTenant().equals(tenant));
  }

  private GenerationView view(Known entry) {
    GenerationState state = entry.state();
    OptionalLong etaMs =
        entry
            .eta
            .map(eta -> eta.millis(state, entry.stepsDone, System.nanoTime()))
            .orElse(OptionalLong.empty());
    return Views.of(state, entry.stepsDone, queue.position(state), etaMs);
  }

  private void tell(
      Known entry, GenerationUpdate.Kind kind, Optional<GenerationUpdate.StepProgress> progress) {
    if (entry.watchers.isEmpty()) {
      return;
    }
    GenerationUpdate update = update(entry, kind, progress);
    // a listener may end its subscription in answer to an update
    for (Consumer<GenerationUpdate> watcher : List.copyOf(entry.watchers)) {
      try {
        watcher.accept(update);
      } catch (RuntimeException e) {
        LOG.errorf(e, "generation=%s one who watches failed", entry.id);
      }
    }
  }

  private GenerationUpdate update(
      Known entry, GenerationUpdate.Kind kind, Optional<GenerationUpdate.StepProgress> progress) {
    GenerationView view = view(entry);
    return new GenerationUpdate(view, view.lastOffset(), kind, progress);
  }

  private boolean has(Map<Integer, Long> ends) {
    return ends.entrySet().stream()
        .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  private interface Condition {
    boolean holds();
  }

  /** Waits for something that the reader brings about. */
  private synchronized boolean await(Condition condition, Duration atMost) {
    long until = System.nanoTime() + atMost.toNanos();
    while (!condition.holds()) {
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      if (left <= 0) {
        return false;
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
