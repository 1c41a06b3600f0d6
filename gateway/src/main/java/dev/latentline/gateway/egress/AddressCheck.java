package dev.latentline.gateway.egress;

import dev.latentline.gateway.access.TenantPlaces;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Resolves the host of a URL once and judges what came out: the answer that is judged is the answer
 * that is called. Thread-safe.
 */
public final class AddressCheck implements AutoCloseable {
  private static final Duration RESOLVE_LIMIT = Duration.ofSeconds(5);
  static final int RESOLVERS = 16;

  /** However slow the name servers of one tenant are, the others find a resolver. */
  static final int RESOLVERS_PER_TENANT = 12;

  /** As many as are called at once: nobody waits for another one's name server. */
  static final int CALLERS = 64;

  /** Nobody knows yet where the name leads: to be asked again later. */
  public static final String NAME_SERVER_SLOW = "name_server_slow";

  private final Vertx vertx;
  private final EgressPolicy policy;
  private final NameResolver names;
  private final Duration limit;

  /** Whoever submits waits for it: rather none than a queue. */
  private final WorkerExecutor submitting;

  private final TenantPlaces places =
      new TenantPlaces("resolvers", RESOLVERS, RESOLVERS_PER_TENANT);

  private final Resolvers calling;

  /**
   * Threads that a name server can hold longer than anybody waits for it.
   *
   * @param enter takes one, to be left; false when there is none
   */
  private record Resolvers(WorkerExecutor threads, BooleanSupplier enter, Runnable leave) {}

  /** No answer of a name server in time. */
  private static final class SlowNameException extends Exception {
    private final boolean asked;

    /**
     * @param asked false when every resolver was held by other names
     */
    SlowNameException(boolean asked) {
      super("no answer to the name");
      this.asked = asked;
    }
  }

  public AddressCheck(Vertx vertx, EgressPolicy policy) {
    this(vertx, policy, NameResolver.SYSTEM, RESOLVE_LIMIT);
  }

  AddressCheck(Vertx vertx, EgressPolicy policy, NameResolver names, Duration limit) {
    this.vertx = vertx;
    this.policy = policy;
    this.names = names;
    this.limit = limit;
    this.submitting = vertx.createSharedWorkerExecutor("names-of-submissions", RESOLVERS);
    this.calling =
        new Resolvers(
            vertx.createSharedWorkerExecutor("names-of-calls", CALLERS), () -> true, () -> {});
  }

  /**
   * Judges a URL now, as {@link Egress#post} will judge it again. Blocks, at most 5 s and a little.
   *
   * @param tenant whose URL it is: one alone does not get all resolvers
   * @return why it would not be called, a code as in {@link EgressResult}: {@code address_refused}
   *     or {@code name_not_resolved}; or {@link #NAME_SERVER_SLOW}
   */
  public Optional<String> refusal(URI url, String tenant) {
    Resolvers resolvers =
        new Resolvers(submitting, () -> places.take(tenant), () -> places.giveBack(tenant));
    try {
      check(url, resolvers)
          .toCompletionStage()
          .toCompletableFuture()
          .get(limit.toMillis() + 1000, TimeUnit.MILLISECONDS);
      return Optional.empty();
    } catch (ExecutionException e) {
      return Optional.of(
          e.getCause() instanceof SlowNameException ? NAME_SERVER_SLOW : code(e.getCause()));
    } catch (TimeoutException e) {
      return Optional.of(NAME_SERVER_SLOW);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(NAME_SERVER_SLOW);
    }
  }

  /** A target and the address to call. */
  record Checked(EgressTarget target, InetAddress address) {}

  /** Fails with {@link RefusedUrlException}, or anything else when the name has no address. */
  Future<Checked> check(URI url) {
    return check(url, calling);
  }

  private Future<Checked> check(URI url, Resolvers resolvers) {
    EgressTarget target;
    try {
      target = policy.target(url.toString());
    } catch (RefusedUrlException e) {
      return Future.failedFuture(e);
    }
    return addresses(target, resolvers)
        .compose(
            addresses ->
                policy.allows(target, addresses)
                    ? Future.succeededFuture(new Checked(target, addresses.get(0)))
                    : Future.failedFuture(
                        new RefusedUrlException("An address of the name is not a public one")));
  }

  static String code(Throwable failure) {
    if (failure instanceof SlowNameException slow && !slow.asked) {
      return EgressResult.RESOLVERS_BUSY;
    }
    return failure instanceof RefusedUrlException ? "address_refused" : "name_not_resolved";
  }

  private Future<List<InetAddress>> addresses(EgressTarget target, Resolvers resolvers) {
    if (target.literal().isPresent()) {
      return Future.succeededFuture(List.of(target.literal().get()));
    }
    if (!resolvers.enter.getAsBoolean()) {
      return Future.failedFuture(new SlowNameException(false));
    }
    Promise<List<InetAddress>> answer = Promise.promise();
    AtomicBoolean asked = new AtomicBoolean();
    long timer =
        vertx.setTimer(limit.toMillis(), id -> answer.tryFail(new SlowNameException(asked.get())));
    resolvers
        .threads
        .executeBlocking(
            () -> {
              if (answer.future().isComplete()) {
                // nobody waits for it any more
                throw new SlowNameException(false);
              }
              asked.set(true);
              return names.resolve(target.host());
            },
            false)
        .onComplete(
            resolved -> {
              resolvers.leave.run();
              vertx.cancelTimer(timer);
              if (resolved.succeeded()) {
                answer.tryComplete(resolved.result());
              } else {
                answer.tryFail(resolved.cause());
              }
            });
    return answer.future();
  }

  @Override
  public void close() {
    submitting.close();
    calling.threads.close();
  }
}
