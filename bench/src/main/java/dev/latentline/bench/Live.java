package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.embedded.Checkout;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.local.stack.EmbeddedStack;
import dev.latentline.local.stack.Role;
import dev.latentline.local.stack.StackPorts;
import dev.latentline.local.stack.StateFolder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * From a key to its picture, through the whole stack: milliseconds from the client's send to the
 * last byte of the frame.
 */
public final class Live {
  private static final int WARM_UP = 30;
  private static final int ALONE = 100;
  private static final int STEPS = 4;
  private static final long SEED = 7;

  private final LiveClient client;
  private final String model;

  private Live(LiveClient client, String model) {
    this.client = client;
    this.model = model;
  }

  /** The arguments: keys to type (400) and the model (starter-turbo, or starter without it). */
  public static void main(String[] arguments) throws Exception {
    int keys = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 400;
    Path folder = Files.createTempDirectory("latentline-bench");
    StackPorts ports =
        StackPorts.of(null, Stream.of(Role.values()).map(role -> role.id() + "=0").toList());
    EmbeddedStack stack =
        new EmbeddedStack(Checkout.current(), new StateFolder(folder), ports, System.err::println);
    stack.lock();
    stack.start(false);
    try (LiveClient client = new LiveClient(URI.create(stack.url()))) {
      String model = arguments.length > 1 ? arguments[1] : model(stack);
      System.out.printf(
          "%s, %d steps without guidance, milliseconds from a key to its picture%n%n",
          model, STEPS);
      System.out.printf(
          "%-34s %6s %6s %6s %8s %8s%n", "", "p50", "p90", "p99", "frames", "of_keys");
      Live live = new Live(client, model);
      live.alone(WARM_UP);
      List<Hops.Shown> alone = live.alone(ALONE);
      row("one prompt at a time", alone.stream().map(Hops.Shown::millis).toList(), ALONE);
      live.type(keys);
      Hops.print("127.0.0.1:" + ports.of(Role.BROKER), alone);
    } finally {
      stack.stop();
      try (Stream<Path> inside = Files.walk(folder)) {
        for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      }
    }
  }

  private static String model(EmbeddedStack stack) {
    return Catalogue.open(stack.models()).find("starter-turbo").isPresent()
        ? "starter-turbo"
        : "starter";
  }

  /** Each waits for the one before. */
  private List<Hops.Shown> alone(int prompts) throws Exception {
    List<Hops.Shown> shown = new ArrayList<>();
    for (int i = 0; i < prompts; i++) {
      long sentAtMs = System.currentTimeMillis();
      LiveClient.Answer answer = client.answer(client.send(request("picture number " + i)));
      shown.add(new Hops.Shown(answer.id(), sentAtMs, answer.atMs(), answer.millis()));
      pause(200);
    }
    return shown;
  }

  private void type(int keys) throws Exception {
    List<Typist.Key> typed = Typist.type(keys, SEED);
    List<Long> numbers = new ArrayList<>();
    long began = System.nanoTime();
    for (Typist.Key key : typed) {
      numbers.add(client.send(request(key.text())));
      pause(key.pauseMillis());
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    List<Double> every = new ArrayList<>();
    List<Double> last = new ArrayList<>();
    int phrases = 0;
    for (int i = 0; i < typed.size(); i++) {
      LiveClient.Answer answer = client.answer(numbers.get(i));
      phrases += typed.get(i).last() ? 1 : 0;
      if (answer.type().equals("frame")) {
        every.add(answer.millis());
        if (typed.get(i).last()) {
          last.add(answer.millis());
        }
      }
    }
    row("typing, every frame", every, typed.size());
    row("typing, the last key of a phrase", last, phrases);
    System.out.printf(
        Locale.ROOT,
        "typing: %.1f keys/s, %.1f frames/s%n",
        typed.size() / seconds,
        every.size() / seconds);
  }

  private static void row(String what, List<Double> millis, int keys) {
    System.out.printf(
        Locale.ROOT,
        "%-34s %6.0f %6.0f %6.0f %8d %8d%n",
        what,
        Figures.median(millis),
        Figures.percentile(millis, 0.9),
        Figures.percentile(millis, 0.99),
        millis.size(),
        keys);
  }

  private ObjectNode request(String prompt) {
    return LiveClient.request()
        .put("model", model)
        .put("prompt", prompt)
        .put("seed", SEED)
        .put("steps", STEPS)
        .put("guidance_scale", 1);
  }

  private static void pause(long millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (System.nanoTime() < until) {
      LockSupport.parkNanos(until - System.nanoTime());
    }
  }
}
