package dev.latentline.gateway.rest;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.Subscription;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.BackPressureStrategy;
import io.smallrye.mutiny.subscription.MultiEmitter;
import io.vertx.core.Vertx;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The updates of one generation as a stream that ends with it. A reader who falls more than {@link
 * #MAX_WAITING} updates behind is cut off, and finds a snapshot when it comes again; previews that
 * he is too slow for are left out long before.
 */
final class EventStream {
  static final int MAX_WAITING = 256;

  /** As many as a generation has pictures: those of a step that they make together. */
  static final int MAX_PREVIEWS_WAITING = Limits.MAX_COUNT;

  private static final long HEARTBEAT_MILLIS = 15_000;

  private EventStream() {}

  /**
   * @param watch subscribes a listener; empty where there is nothing to tell, and the stream ends
   * @param event makes what is sent, when the reader is ready for it
   * @param heartbeat sent while nothing happens, so that nobody in between gives up
   */
  static <T> Multi<T> of(
      Vertx vertx,
      Function<Consumer<GenerationUpdate>, Optional<Subscription>> watch,
      Function<GenerationUpdate, T> event,
      Supplier<T> heartbeat) {
    return Multi.createFrom()
        .<Supplier<T>>emitter(
            emitter -> new Reader<>(vertx, emitter, event, heartbeat).start(watch),
            BackPressureStrategy.IGNORE)
        .onOverflow()
        .buffer(MAX_WAITING)
        // whoever tells holds a lock: making JSON and writing it happens elsewhere
        .emitOn(Infrastructure.getDefaultExecutor(), 1)
        .map(Supplier::get);
  }

  /** Closes what it opened whichever way it ends, also when it ends before it is fully open. */
  private static final class Reader<T> {
    private final Vertx vertx;
    private final MultiEmitter<? super Supplier<T>> emitter;
    private final Function<GenerationUpdate, T> event;
    private final Supplier<T> heartbeat;
    private final AtomicInteger previewsWaiting = new AtomicInteger();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile Subscription subscription;
    private volatile long timer = -1;

    Reader(
        Vertx vertx,
        MultiEmitter<? super Supplier<T>> emitter,
        Function<GenerationUpdate, T> event,
        Supplier<T> heartbeat) {
      this.vertx = vertx;
      this.emitter = emitter;
      this.event = event;
      this.heartbeat = heartbeat;
    }

    void start(Function<Consumer<GenerationUpdate>, Optional<Subscription>> watch) {
      emitter.onTermination(this::end);
      timer = vertx.setPeriodic(HEARTBEAT_MILLIS, id -> emit(heartbeat));
      Optional<Subscription> opened = watch.apply(this::tell);
      subscription = opened.orElse(null);
      if (opened.isEmpty()) {
        emitter.complete();
      } else if (ended.get()) {
        close();
      }
    }

    private void tell(GenerationUpdate update) {
      if (update.kind() == GenerationUpdate.Kind.PREVIEW) {
        tellPreview(update);
        return;
      }
      emit(() -> event.apply(update));
      if (update.view().status().terminal()) {
        emitter.complete();
      }
    }

    /** One call at a time. */
    private void tellPreview(GenerationUpdate update) {
      if (previewsWaiting.get() < MAX_PREVIEWS_WAITING) {
        previewsWaiting.incrementAndGet();
        emit(
            () -> {
              previewsWaiting.decrementAndGet();
              return event.apply(update);
            });
      }
    }

    private void emit(Supplier<T> next) {
      emitter.emit(next);
    }

    private void end() {
      ended.set(true);
      close();
    }

    private void close() {
      if (timer >= 0) {
        vertx.cancelTimer(timer);
      }
      Subscription opened = subscription;
      if (opened != null) {
        opened.close();
      }
    }
  }
}
