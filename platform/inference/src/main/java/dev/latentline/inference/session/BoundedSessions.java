package dev.latentline.inference.session;

import dev.latentline.contract.Failure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Sessions that are loaded when they are asked for, and kept while there is room; those that were
 * not used for the longest time go first, and none that is in use. Whoever finds no room waits; one
 * session is always let in, however large, and so are several that are needed together.
 * Thread-safe.
 *
 * @param <K> what tells sessions apart, by equality
 * @param <S> closed when it goes
 */
public final class BoundedSessions<K, S extends AutoCloseable> implements AutoCloseable {
  /** How many may get what is loaded before one who waits for room: reloading costs them more. */
  static final int MAY_OVERTAKE = 16;

  /** Who waits looks so often whether anybody still wants it. */
  private static final long LOOK_MILLIS = 1000;

  private final long maxBytes;

  /** The least recently used first. */
  private final Map<K, Entry> entries = new LinkedHashMap<>();

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private boolean closed;

  /**
   * @param maxBytes of all sessions together
   */
  public BoundedSessions(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** A session that stays as long as this is not closed. */
  public final class Held implements AutoCloseable {
    private final Entry entry;
    private final S session;
    private boolean given;

    private Held(Entry entry, S session) {
      this.entry = entry;
      this.session = session;
    }

    public S session() {
      return session;
    }

    @Override
    public void close() {
      synchronized (BoundedSessions.this) {
        if (!given) {
          given = true;
          release(entry);
        }
      }
    }
  }

  private final class Entry {
    private final K key;
    private final long bytes;
    private final CompletableFuture<S> session = new CompletableFuture<>();
    private int users;

    private Entry(K key, long bytes) {
      this.key = key;
      this.bytes = bytes;
    }
  }

  /** Who waits for room, and how often others were let through meanwhile. */
  private static final class Waiting {
    private int overtaken;
  }

  /**
   * A session that somebody needs.
   *
   * @param bytes about what it takes
   * @param load asked at most once at a time for each key; where it fails for lack of memory or of
   *     other room, the sessions that nobody uses go, and it is asked again
   */
  public record Wanted<K, S>(K key, long bytes, Supplier<S> load) {}

  /**
   * The session of a key; see {@link #acquireAll}.
   *
   * @return empty when it is not wanted any more
   */
  public Optional<Held> acquire(K key, long bytes, Supplier<S> load, BooleanSupplier goOn) {
    return acquireAll(List.of(new Wanted<>(key, bytes, load)), goOn).map(held -> held.get(0));
  }

  /**
   * Sessions that are needed together; loaded by the caller's thread where nobody has done so. All
   * of them or none: nobody has some and waits for others.
   *
   * @param wanted of different keys
   * @param goOn asked again and again while the caller waits: whether it still wants them
   * @return in the order of wanted; empty when it does not want them any more
   * @throws Failure.Retryable with code {@code not_enough_memory} when there is too little of it:
   *     another replica may have more
   * @throws RuntimeException what else a load threw
   * @throws IllegalStateException when this is closed
   */
  public Optional<List<Held>> acquireAll(List<Wanted<K, S>> wanted, BooleanSupplier goOn) {
    List<Wanted<K, S>> mine = new ArrayList<>();
    List<Entry> all;
    synchronized (this) {
      Optional<List<Entry>> entered = enter(wanted, mine, goOn);
      if (entered.isEmpty()) {
        return Optional.empty();
      }
      all = entered.get();
    }
    // before any is waited for: who loads that one may wait for these
    for (int i = 0; i < all.size(); i++) {
      if (mine.contains(wanted.get(i))) {
        load(all.get(i), wanted.get(i).load());
      }
    }
    try {
      List<Held> held = new ArrayList<>();
      for (Entry entry : all) {
        held.add(new Held(entry, entry.session.join()));
      }
      return Optional.of(held);
    } catch (CompletionException e) {
      synchronized (this) {
        all.forEach(this::release);
      }
      if (e.getCause() instanceof NotEnoughMemoryException lack) {
        throw new Failure.Retryable("not_enough_memory", lack.getMessage(), lack);
      }
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /**
   * The entries, each with one more user; waits for room.
   *
   * @param made gets those that were not there
   */
  private Optional<List<Entry>> enter(
      List<Wanted<K, S>> wanted, List<Wanted<K, S>> made, BooleanSupplier goOn) {
    Waiting me = new Waiting();
    try {
      while (true) {
        if (closed) {
          throw new IllegalStateException("the sessions are closed");
        }
        wanted.forEach(each -> touch(each.key()));
        List<Wanted<K, S>> missing =
            wanted.stream().filter(each -> !entries.containsKey(each.key())).toList();
        if (missing.isEmpty() ? mayPass(me) : isNext(me) && makeRoom(wanted, missing)) {
          made.addAll(missing);
          missing.forEach(each -> entries.put(each.key(), new Entry(each.key(), each.bytes())));
          List<Entry> all = wanted.stream().map(each -> entries.get(each.key())).toList();
          all.forEach(entry -> entry.users++);
          return Optional.of(all);
        }
        if (!waiting.contains(me)) {
          waiting.addLast(me);
        }
        if (!goOn.getAsBoolean()) {
          return Optional.empty();
        }
        wait(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      if (waiting.remove(me)) {
        notifyAll();
      }
    }
  }

  /** The newest is the last. */
  private void touch(K key) {
    Entry known = entries.remove(key);
    if (known != null) {
      entries.put(key, known);
    }
  }

  private boolean isNext(Waiting me) {
    return waiting.isEmpty() || waiting.peekFirst() == me;
  }

  /** Past those who wait for room, but not for ever. */
  private boolean mayPass(Waiting me) {
    if (isNext(me)) {
      return true;
    }
    if (waiting.peekFirst().overtaken >= MAY_OVERTAKE) {
      return false;
    }
    waiting.peekFirst().overtaken++;
    return true;
  }

  /**
   * Whether there is room for what is missing, after those that nobody uses or wants were let go.
   */
  private boolean makeRoom(List<Wanted<K, S>> wanted, List<Wanted<K, S>> missing) {
    List<K> keys = wanted.stream().map(Wanted::key).toList();
    long bytes = missing.stream().mapToLong(Wanted::bytes).sum();
    long taken = entries.values().stream().mapToLong(entry -> entry.bytes).sum();
    Iterator<Entry> oldest = entries.values().iterator();
    while (taken + bytes > maxBytes && oldest.hasNext()) {
      Entry entry = oldest.next();
      if (entry.users == 0 && !keys.contains(entry.key)) {
        oldest.remove();
        taken -= entry.bytes;
        close(entry);
      }
    }
    return taken + bytes <= maxBytes || keys.containsAll(entries.keySet());
  }

  private void load(Entry entry, Supplier<S> load) {
    try {
      entry.session.complete(loaded(load));
    } catch (RuntimeException | Error e) {
      synchronized (this) {
        entries.remove(entry.key, entry);
        notifyAll();
      }
      entry.session.completeExceptionally(e);
    }
  }

  private S loaded(Supplier<S> load) {
    try {
      return load.get();
    } catch (GraphFailedException | Failure.Retryable e) {
      if (!letIdleGo()) {
        throw e;
      }
      return load.get();
    }
  }

  private synchronized boolean letIdleGo() {
    List<Entry> idle = entries.values().stream().filter(entry -> entry.users == 0).toList();
    idle.forEach(
        entry -> {
          entries.remove(entry.key);
          close(entry);
        });
    return !idle.isEmpty();
  }

  private void release(Entry entry) {
    entry.users--;
    if (closed && entry.users == 0) {
      close(entry);
    }
    notifyAll();
  }

  private void close(Entry entry) {
    if (entry.session.isDone() && !entry.session.isCompletedExceptionally()) {
      try {
        entry.session.join().close();
      } catch (Exception e) {
        throw new IllegalStateException("a session cannot be closed", e);
      }
    }
  }

  /** How many there are. */
  public synchronized int size() {
    return entries.size();
  }

  /** Those in use go when they are not any more. */
  @Override
  public synchronized void close() {
    closed = true;
    List<Entry> idle = new ArrayList<>(entries.values());
    entries.clear();
    idle.stream().filter(entry -> entry.users == 0).forEach(this::close);
    notifyAll();
  }
}
