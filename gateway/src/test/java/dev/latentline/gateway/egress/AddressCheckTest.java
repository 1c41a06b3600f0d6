package dev.latentline.gateway.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.latentline.testkit.Patience;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(Patience.TEST_SECONDS)
class AddressCheckTest {
  private static final URI SLOW = URI.create("https://slow.example.com/hook");
  private static final URI QUICK = URI.create("https://quick.example.com/hook");

  private final Vertx vertx = Vertx.vertx();
  private final CountDownLatch answer = new CountDownLatch(1);
  private final Semaphore held = new Semaphore(0);

  @AfterEach
  void close() throws Exception {
    answer.countDown();
    vertx
        .close()
        .toCompletionStage()
        .toCompletableFuture()
        .get(Patience.SOON.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void aNameThatIsNotAnsweredInTimeIsNoFaultOfTheRequest() {
    AddressCheck check = check(Duration.ofMillis(100));

    assertThat(check.refusal(SLOW, "one")).contains("name_server_slow");
  }

  @Test
  void whenNoResolverIsFreeASubmissionIsToldAtOnceAndCallsGoOn() throws Exception {
    AddressCheck check = check(Duration.ofSeconds(50));
    List<Thread> waiting = new ArrayList<>();
    for (int i = 0; i < AddressCheck.RESOLVERS; i++) {
      String tenant = i < AddressCheck.RESOLVERS_PER_TENANT ? "one" : "two";
      Thread thread = new Thread(() -> check.refusal(SLOW, tenant));
      thread.start();
      waiting.add(thread);
    }
    held.acquire(AddressCheck.RESOLVERS);

    assertThat(check.refusal(QUICK, "three")).contains("name_server_slow");
    assertThat(checked(check, QUICK).get().address().getHostAddress()).isEqualTo("8.8.8.8");
    answer.countDown();
    for (Thread thread : waiting) {
      thread.join();
    }
    assertThat(check.refusal(QUICK, "one")).isEmpty();
  }

  @Test
  void oneTenantDoesNotGetAllResolvers() throws Exception {
    AddressCheck check = check(Duration.ofSeconds(50));
    for (int i = 0; i < AddressCheck.RESOLVERS_PER_TENANT; i++) {
      new Thread(() -> check.refusal(SLOW, "one")).start();
    }
    held.acquire(AddressCheck.RESOLVERS_PER_TENANT);

    assertThat(check.refusal(QUICK, "one")).contains("name_server_slow");
    assertThat(check.refusal(QUICK, "two")).isEmpty();
  }

  @Test
  void aCallThatFindsNoResolverUntilItsTimeIsOverWasNotTried() throws Exception {
    AddressCheck check = check(Duration.ofMillis(500));
    List<CompletableFuture<AddressCheck.Checked>> slow = new ArrayList<>();
    for (int i = 0; i < AddressCheck.CALLERS; i++) {
      slow.add(checked(check, SLOW));
    }
    held.acquire(AddressCheck.CALLERS);

    assertThat(code(checked(check, QUICK))).isEqualTo("resolvers_busy");
    for (CompletableFuture<AddressCheck.Checked> one : slow) {
      assertThat(code(one)).isEqualTo("name_not_resolved");
    }
    assertThat(check.refusal(QUICK, "one")).isEmpty();
  }

  private static CompletableFuture<AddressCheck.Checked> checked(AddressCheck check, URI url) {
    return check.check(url).toCompletionStage().toCompletableFuture();
  }

  private static String code(CompletableFuture<AddressCheck.Checked> checked) {
    Throwable failure = catchThrowable(checked::get);
    assertThat(failure).isInstanceOf(ExecutionException.class);
    return AddressCheck.code(failure.getCause());
  }

  private AddressCheck check(Duration limit) {
    return new AddressCheck(vertx, new EgressPolicy(false), this::resolve, limit);
  }

  private List<InetAddress> resolve(String name) throws UnknownHostException {
    if (name.startsWith("slow")) {
      held.release();
      try {
        answer.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return List.of(InetAddress.getByName("8.8.8.8"));
  }
}
