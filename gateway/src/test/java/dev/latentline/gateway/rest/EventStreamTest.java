package dev.latentline.gateway.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.GenerationView.Status;
import dev.latentline.gateway.line.Subscription;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.testkit.Patience;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventStreamTest {
  private final Vertx vertx = Vertx.vertx();
  private final AtomicReference<Consumer<GenerationUpdate>> listener = new AtomicReference<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  @AfterEach
  void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void theStreamEndsWithTheTerminalState() {
    AssertSubscriber<Long> reader = stream(List.of()).subscribe().withSubscriber(all());

    tell(1, Status.QUEUED);
    tell(2, Status.RUNNING);
    tell(3, Status.SUCCEEDED);

    reader.awaitCompletion().assertItems(1L, 2L, 3L);
    assertThat(closed).isTrue();
  }

  @Test
  void aGenerationThatHasEndedIsToldAtOnceAndTheSubscriptionIsClosed() {
    AssertSubscriber<Long> reader =
        stream(List.of(update(7, Status.FAILED))).subscribe().withSubscriber(all());

    reader.awaitCompletion().assertItems(7L);
    assertThat(closed).isTrue();
  }

  @Test
  void whatIsForgottenMeanwhileEndsTheStream() {
    Multi<Long> stream =
        EventStream.of(vertx, watcher -> Optional.empty(), GenerationUpdate::offset, () -> -1L);

    stream.subscribe().withSubscriber(all()).awaitCompletion().assertHasNotReceivedAnyItem();
  }

  @Test
  void aReaderWhoLeavesEndsTheSubscription() {
    AssertSubscriber<Long> reader = stream(List.of()).subscribe().withSubscriber(all());
    tell(1, Status.QUEUED);
    reader.awaitItems(1).cancel();
    assertThat(closed).isTrue();
  }

  @Test
  void aReaderWhoFallsBehindIsCutOff() {
    AssertSubscriber<Long> reader =
        stream(List.of()).subscribe().withSubscriber(AssertSubscriber.create(1));
    for (int i = 0; i < EventStream.MAX_WAITING + 10; i++) {
      tell(i, Status.RUNNING);
    }
    // on the thread of whoever overflows or reads, whichever comes first
    await().atMost(Patience.SOON).untilTrue(closed);
    reader.request(Long.MAX_VALUE).awaitFailure();
  }

  @Test
  void previewsThatAReaderIsTooSlowForAreLeftOutAndNothingElse() {
    AssertSubscriber<Long> reader =
        stream(List.of()).subscribe().withSubscriber(AssertSubscriber.create(0));
    for (int i = 0; i < 100; i++) {
      listener.get().accept(update(i, Status.RUNNING, GenerationUpdate.Kind.PREVIEW));
    }
    tell(1000, Status.RUNNING);
    reader.request(Long.MAX_VALUE).awaitItems(EventStream.MAX_PREVIEWS_WAITING + 1);
    // who has caught up gets them again
    listener.get().accept(update(1001, Status.RUNNING, GenerationUpdate.Kind.PREVIEW));
    tell(1002, Status.SUCCEEDED);

    reader.awaitCompletion();
    assertThat(reader.getItems())
        .hasSize(EventStream.MAX_PREVIEWS_WAITING + 3)
        .isSorted()
        .endsWith(1000L, 1001L, 1002L);
  }

  private Multi<Long> stream(List<GenerationUpdate> atOnce) {
    return EventStream.of(
        vertx,
        watcher -> {
          listener.set(watcher);
          atOnce.forEach(watcher);
          return Optional.<Subscription>of(() -> closed.set(true));
        },
        GenerationUpdate::offset,
        () -> -1L);
  }

  private void tell(long offset, Status status) {
    listener.get().accept(update(offset, status));
  }

  private static GenerationUpdate update(long offset, Status status) {
    return update(offset, status, GenerationUpdate.Kind.STATE);
  }

  private static GenerationUpdate update(long offset, Status status, GenerationUpdate.Kind kind) {
    return new GenerationUpdate(
        new GenerationView(
            GenerationRequest.getDefaultInstance(),
            status,
            0,
            OptionalInt.empty(),
            OptionalLong.empty(),
            List.of(),
            Optional.empty(),
            new GenerationView.Timings(0, OptionalLong.empty(), OptionalLong.empty()),
            offset),
        offset,
        kind,
        Optional.empty());
  }

  private static AssertSubscriber<Long> all() {
    return AssertSubscriber.create(Long.MAX_VALUE);
  }
}
