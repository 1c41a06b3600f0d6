package dev.latentline.gateway.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SharedRequestTest {
  private final List<CompletableFuture<String>> sent = new ArrayList<>();
  private final SharedRequest<String> request =
      new SharedRequest<>(
          () -> {
            sent.add(new CompletableFuture<>());
            return sent.get(sent.size() - 1);
          });

  @Test
  void whoeverAsksMeanwhileSharesTheNextRequestAndNotAnOlderOne() {
    CompletableFuture<String> first = request.ask();
    CompletableFuture<String> second = request.ask();
    CompletableFuture<String> third = request.ask();
    assertThat(sent).hasSize(1);

    sent.get(0).complete("old");

    assertThat(first).isCompletedWithValue("old");
    assertThat(second).isNotDone();
    assertThat(sent).hasSize(2);
    sent.get(1).complete("new");
    assertThat(second).isCompletedWithValue("new");
    assertThat(third).isCompletedWithValue("new");
    assertThat(sent).hasSize(2);
  }

  @Test
  void aRequestThatFailsEndsOnlyItsOwn() {
    CompletableFuture<String> first = request.ask();
    CompletableFuture<String> second = request.ask();

    sent.get(0).completeExceptionally(new IllegalStateException("away"));
    sent.get(1).complete("there");

    assertThat(first).isCompletedExceptionally();
    assertThat(second).isCompletedWithValue("there");
  }

  @Test
  void whoGivesUpDoesSoAlone() {
    CompletableFuture<String> first = request.ask();
    CompletableFuture<String> gaveUp = request.ask();
    CompletableFuture<String> waits = request.ask();

    gaveUp.cancel(true);
    sent.get(0).complete("old");
    sent.get(1).complete("new");

    assertThat(first).isCompletedWithValue("old");
    assertThat(waits).isCompletedWithValue("new");
  }
}
