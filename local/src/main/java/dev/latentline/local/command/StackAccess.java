package dev.latentline.local.command;

import dev.latentline.local.CliException;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.stack.EmbeddedStack;
import dev.latentline.local.stack.Role;
import dev.latentline.local.stack.StackRecord;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A gateway to talk to: the one that LATENTLINE_URL names, the one of the stack that runs with this
 * state, or that of a stack started for this call, which ends with {@link #close}. Whatever else
 * listens on a gateway's port gets neither key nor prompt.
 */
final class StackAccess implements AutoCloseable {
  private static final Duration OTHERS = Duration.ofMinutes(10);
  private static final long LOOK_MILLIS = 500;

  /** RFC 6750, 2.1. */
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

  private final GatewayClient gateway;
  private final Optional<EmbeddedStack> own;

  private StackAccess(GatewayClient gateway, Optional<EmbeddedStack> own) {
    this.gateway = gateway;
    this.own = own;
  }

  /**
   * @param check asked before a stack is started for the call; throws to refuse
   */
  static StackAccess open(StackOptions options, Progress progress, Consumer<EmbeddedStack> check) {
    String named = System.getenv("LATENTLINE_URL");
    if (named != null && !named.isBlank()) {
      return named(named);
    }
    EmbeddedStack stack = options.stack(options.ports(), progress::note);
    long deadline = System.nanoTime() + OTHERS.toNanos();
    boolean told = false;
    while (true) {
      Optional<StackRecord> running = StackRecord.running(StackOptions.state());
      Optional<GatewayClient> gateway =
          running.filter(r -> !r.forOneCall()).flatMap(StackAccess::ready);
      if (gateway.isPresent()) {
        return new StackAccess(gateway.get(), Optional.empty());
      }
      if (running.isEmpty()) {
        check.accept(stack);
        if (stack.lock()) {
          return start(stack, progress);
        }
      }
      if (System.nanoTime() > deadline) {
        throw CliException.failed(
            "another stack has the state in "
                + StackOptions.state().path()
                + " and is not ready: see latentline status, or set LATENTLINE_STATE");
      }
      if (!told) {
        progress.note(
            running.isPresent() && !running.get().forOneCall()
                ? "waiting for the stack that runs here to be ready"
                : "waiting for another call to end, whose stack has the same state");
        told = true;
      }
      pause();
    }
  }

  /** A gateway that is ready now; empty when a stack would have to be started. */
  static Optional<GatewayClient> ready() {
    String named = System.getenv("LATENTLINE_URL");
    if (named != null && !named.isBlank()) {
      return Optional.of(named(named).gateway());
    }
    return StackRecord.running(StackOptions.state()).flatMap(StackAccess::ready);
  }

  GatewayClient gateway() {
    return gateway;
  }

  /** Ends the stack if it was started for this call. */
  @Override
  public void close() {
    own.ifPresent(EmbeddedStack::stop);
  }

  private static StackAccess named(String url) {
    URI address;
    try {
      address = URI.create(url.strip());
    } catch (IllegalArgumentException e) {
      address = URI.create("");
    }
    String scheme = address.getScheme() == null ? "" : address.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.matches("https?") || address.getHost() == null) {
      throw CliException.usage(
          "LATENTLINE_URL is no http or https address: write it as http://localhost:8080");
    }
    GatewayClient gateway = client(address);
    if (!gateway.isReady()) {
      throw CliException.failed(
          "no gateway is ready at "
              + gateway.shown()
              + ", which LATENTLINE_URL names: start it, or unset LATENTLINE_URL to use this machine");
    }
    return new StackAccess(gateway, Optional.empty());
  }

  private static GatewayClient client(URI address) {
    String key = System.getenv("LATENTLINE_API_KEY");
    if (key == null || key.isBlank()) {
      return new GatewayClient(address, Optional.empty());
    }
    if (!KEY.matcher(key.strip()).matches()) {
      throw CliException.usage(
          "LATENTLINE_API_KEY is no key: a key has letters, digits and . _ ~ + / -, and = at its end");
    }
    return new GatewayClient(address, Optional.of(key.strip()));
  }

  /** The gateway of a stack; empty while it is not ready. */
  private static Optional<GatewayClient> ready(StackRecord running) {
    return running
        .port(Role.GATEWAY)
        .map(port -> client(URI.create("http://127.0.0.1:" + port)))
        .filter(GatewayClient::isReady);
  }

  private static StackAccess start(EmbeddedStack stack, Progress progress) {
    // a key that is none is said before anything starts
    GatewayClient gateway = client(URI.create(stack.url()));
    progress.note("no stack runs here: starting one for this call (latentline up keeps one)");
    stack.start(true);
    return new StackAccess(gateway, Optional.of(stack));
  }

  private static void pause() {
    try {
      // nobody releases it: a pause that can be interrupted
      new Semaphore(0).tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CliException.failed("interrupted");
    }
  }
}
