package dev.latentline.gateway.live;

import dev.latentline.gateway.line.GenerationUpdate;
import dev.latentline.gateway.line.GenerationView;
import dev.latentline.gateway.line.GenerationView.StoredImage;
import dev.latentline.gateway.line.Subscription;
import dev.latentline.gateway.problem.Problem;
import dev.latentline.gateway.request.LiveMessage;
import dev.latentline.gateway.rest.ProblemMappers;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * One connection of live mode. Everything happens on the connection's event loop, but for what
 * waits for broker or store, which comes back to it.
 */
final class LiveSession {
  private static final Logger LOG = Logger.getLogger(LiveSession.class);

  /** RFC 6455, section 7.4.1. */
  private static final short NORMAL = 1000;

  private static final short GOING_AWAY = 1001;
  private static final short UNSUPPORTED = 1003;
  private static final short POLICY = 1008;
  private static final short TOO_LONG = 1009;

  /** A peer that answers no ping for so long is gone. */
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(45);

  /** Nobody types any more. */
  private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** Answers that the peer has not read. */
  private static final int MAX_UNREAD = 256;

  private final ServerWebSocket socket;
  private final String tenant;
  private final LiveFrames frames;
  private final Context loop;
  private final Executor waiting;
  private final NewestWins<byte[]> wins = new NewestWins<>();
  private final Map<Long, Frame> inFlight = new HashMap<>();
  private Optional<Frame> unread = Optional.empty();
  private int writes;
  private long heardAt = System.nanoTime();
  private long promptedAt = System.nanoTime();
  private boolean closed;

  /** A prompt in the line. */
  private static final class Frame {
    private final long seq;
    private Optional<String> id = Optional.empty();
    private Optional<Subscription> subscription = Optional.empty();
    private boolean unwanted;
    private boolean fetching;
    private GenerationView view;
    private byte[] picture;

    Frame(long seq) {
      this.seq = seq;
    }
  }

  /**
   * @param loop the event loop that the socket's handlers run on
   * @param waiting for what may wait
   */
  LiveSession(
      ServerWebSocket socket, String tenant, LiveFrames frames, Context loop, Executor waiting) {
    this.socket = socket;
    this.tenant = tenant;
    this.frames = frames;
    this.loop = loop;
    this.waiting = waiting;
  }

  /** On the event loop. */
  void start() {
    socket.textMessageHandler(this::prompt);
    socket.binaryMessageHandler(bytes -> close(UNSUPPORTED, "send text"));
    socket.pongHandler(pong -> heardAt = System.nanoTime());
    socket.drainHandler(nothing -> showUnread());
    socket.exceptionHandler(this::broken);
  }

  /** A message that is too long is the peer's doing, anything else the connection's. */
  private void broken(Throwable why) {
    LOG.debugf("a live connection is broken: %s", why.getMessage());
    if (why instanceof IllegalStateException) {
      close(TOO_LONG, "the message is too long");
    }
  }

  /** Whoever listens does not know better than the peer. On the event loop, now and then. */
  void lookAfter() {
    long now = System.nanoTime();
    if (now - heardAt > SILENCE_NANOS) {
      close(GOING_AWAY, "no answer to pings");
    } else if (now - promptedAt > IDLE_NANOS) {
      close(NORMAL, "idle");
    } else {
      socket.writePing(Buffer.buffer("latentline"));
    }
  }

  /** From any thread; returns at once. */
  void goAway() {
    loop.runOnContext(nothing -> close(GOING_AWAY, "the gateway ends"));
  }

  /** The connection is closed, by whomever. On the event loop. */
  void closed() {
    if (!closed) {
      closed = true;
      carryOut(wins.close());
      inFlight.values().forEach(frame -> frame.subscription.ifPresent(Subscription::close));
    }
  }

  private void close(short code, String reason) {
    if (!socket.isClosed()) {
      socket.close(code, reason);
    }
  }

  // What comes

  private void prompt(String text) {
    heardAt = System.nanoTime();
    promptedAt = heardAt;
    LiveMessage message = LiveMessage.read(text.getBytes(StandardCharsets.UTF_8), wins.newest());
    if (!message.errors().isEmpty()) {
      Long seq = message.seq().isPresent() ? message.seq().getAsLong() : null;
      send(LiveAnswer.refused(seq, Problem.invalid(message.errors())));
      return;
    }
    carryOut(wins.offer(message.seq().getAsLong(), message.request()));
  }

  private void accepted(Frame frame, GenerationView view) {
    frame.id = Optional.of(view.id());
    if (closed || frame.unwanted) {
      cancel(frame);
    }
    if (!closed) {
      // told under a lock, and on whatever thread
      frame.subscription =
          Optional.of(
              frames.follow(
                  tenant, view.id(), update -> loop.runOnContext(nothing -> told(frame, update))));
    }
  }

  private void refused(Frame frame, RuntimeException why) {
    if (closed) {
      return;
    }
    inFlight.remove(frame.seq);
    if (!wins.cancelled(frame.seq)) {
      send(LiveAnswer.refused(frame.seq, ProblemMappers.of(why)));
    }
    carryOut(wins.ended(frame.seq));
  }

  private void told(Frame frame, GenerationUpdate update) {
    if (closed || frame.fetching || !inFlight.containsKey(frame.seq)) {
      return;
    }
    GenerationView view = update.view();
    frame.view = view;
    if (update.kind() == GenerationUpdate.Kind.PROGRESS) {
      GenerationUpdate.StepProgress progress = update.progress().orElseThrow();
      if (progress.step() == progress.steps()) {
        carryOut(wins.stepped(frame.seq, 0));
      } else if (view.etaMs().isPresent()) {
        carryOut(wins.stepped(frame.seq, view.etaMs().getAsLong()));
      }
    } else if (!view.images().isEmpty()) {
      frame.fetching = true;
      fetch(frame, view.images().get(0));
    } else if (view.status().terminal()) {
      leave(frame);
      if (!wins.cancelled(frame.seq)) {
        send(LiveAnswer.failed(frame.seq, view));
      }
      carryOut(wins.ended(frame.seq));
    }
  }

  private void fetched(Frame frame, byte[] picture) {
    if (!closed) {
      frame.picture = picture;
      carryOut(wins.made(frame.seq));
      leave(frame);
    }
  }

  private void leave(Frame frame) {
    inFlight.remove(frame.seq);
    frame.subscription.ifPresent(Subscription::close);
  }

  // What is done about it

  private void carryOut(List<NewestWins.Order> orders) {
    for (NewestWins.Order order : orders) {
      if (order instanceof NewestWins.Submit<?> submit) {
        submit(submit.seq(), (byte[]) submit.prompt());
      } else if (order instanceof NewestWins.Cancel) {
        Frame frame = inFlight.get(order.seq());
        frame.unwanted = true;
        cancel(frame);
      } else if (order instanceof NewestWins.Show) {
        show(inFlight.get(order.seq()));
      } else {
        send(LiveAnswer.dropped(order.seq()));
      }
    }
  }

  private void submit(long seq, byte[] request) {
    Frame frame = new Frame(seq);
    inFlight.put(seq, frame);
    waiting.execute(
        () -> {
          try {
            GenerationView view = frames.accept(tenant, request);
            loop.runOnContext(nothing -> accepted(frame, view));
          } catch (RuntimeException e) {
            loop.runOnContext(nothing -> refused(frame, e));
          }
        });
  }

  /** One that is not accepted yet is cancelled when it is. */
  private void cancel(Frame frame) {
    frame.id.ifPresent(id -> waiting.execute(() -> frames.cancel(tenant, id)));
  }

  private void fetch(Frame frame, StoredImage image) {
    waiting.execute(
        () -> {
          try {
            byte[] picture = frames.picture(image);
            loop.runOnContext(nothing -> fetched(frame, picture));
          } catch (RuntimeException e) {
            loop.runOnContext(
                nothing -> {
                  frame.subscription.ifPresent(Subscription::close);
                  refused(frame, e);
                });
          }
        });
  }

  /** To a peer that reads slowly only the newest frame. */
  private void show(Frame frame) {
    unread.ifPresent(older -> send(LiveAnswer.dropped(older.seq)));
    unread = Optional.of(frame);
    if (!socket.writeQueueFull()) {
      showUnread();
    }
  }

  private void showUnread() {
    if (unread.isPresent() && !closed) {
      Frame frame = unread.get();
      unread = Optional.empty();
      send(LiveAnswer.frame(frame.seq, frame.view));
      socket.writeBinaryMessage(Buffer.buffer(frame.picture));
    }
  }

  private void send(LiveAnswer answer) {
    if (closed) {
      return;
    }
    if (++writes > MAX_UNREAD) {
      close(POLICY, "answers are not read");
      return;
    }
    socket
        .writeTextMessage(answer.json())
        .onComplete(written -> loop.runOnContext(nothing -> writes--));
  }
}
