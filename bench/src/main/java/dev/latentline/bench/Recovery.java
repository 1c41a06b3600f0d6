package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Topic;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import dev.latentline.local.client.Generation;
import dev.latentline.proto.v1.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * kill -9 of the denoiser that works at a picture, at a random step, again and again: how long
 * until another one has made a step of it, how many steps had to be made twice, and whether the
 * picture is the same. Both denoisers have half of the machine each. Or it is frozen instead, as by
 * the loss of its node: then its lock must lapse first.
 */
public final class Recovery {
  private static final int STEPS = 80;
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** What is made twice is counted in the steps that are told. */
  private static final Map<String, String> EVERY_STEP = Map.of("LATENTLINE_PROGRESS_PAUSE", "0MS");

  private Recovery() {}

  /** The arguments are how often, 20 unless given, and {@code freeze} in place of killing. */
  public static void main(String[] arguments) throws Exception {
    int kills = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
    boolean freeze = arguments.length > 1 && arguments[1].equals("freeze");
    Random random = new Random(1);
    List<Double> recovered = new ArrayList<>();
    List<Double> lost = new ArrayList<>();
    int same = 0;
    try (Line line = new Line();
        Tail<Progress> steps =
            new Tail<>(line.bootstrapServers(), Topic.GENERATION_PROGRESS, Progress.parser())) {
      line.start("prompt-service");
      line.start("encoder-service");
      line.start("decoder-service");
      ChildProcess one = line.start("denoiser-service", EVERY_STEP);
      ChildProcess two = line.start("denoiser-service", EVERY_STEP);
      GatewayClient gateway = line.gateway();
      String undisturbed = ended(gateway, submit(gateway)).get(0);
      System.out.printf(
          "%-6s %8s %12s %6s %6s%n", "kill", "at_step", "recovered_ms", "lost", "same");
      for (int kill = 1; kill <= kills; kill++) {
        int atStep = 3 + random.nextInt(STEPS - 10);
        String id = submit(gateway);
        steps.until(told -> is(told, id) && told.getStep() >= atStep, PATIENCE);
        ChildProcess busy = cpu(one) > cpu(two) ? one : two;
        long killed = System.currentTimeMillis();
        if (freeze) {
          busy.freeze();
        } else {
          busy.kill();
        }
        // what it had told until then
        List<Progress> after =
            steps.until(told -> is(told, id) && told.getAtMs() > killed, PATIENCE);
        Progress first =
            after.stream()
                .filter(told -> is(told, id) && told.getAtMs() > killed)
                .findFirst()
                .get();
        int before =
            after.stream()
                .filter(told -> is(told, id) && told.getAtMs() <= killed)
                .mapToInt(Progress::getStep)
                .max()
                .orElse(atStep);
        recovered.add((double) (first.getAtMs() - killed));
        lost.add((double) (before - (first.getStep() - 1)));
        boolean equal = undisturbed.equals(ended(gateway, id).get(0));
        same += equal ? 1 : 0;
        System.out.printf(
            "%-6d %8d %12.0f %6.0f %6s%n",
            kill, before, recovered.get(kill - 1), lost.get(kill - 1), equal ? "yes" : "NO");
        busy.kill();
        if (busy == one) {
          one = line.start("denoiser-service", EVERY_STEP);
        } else {
          two = line.start("denoiser-service", EVERY_STEP);
        }
      }
    }
    System.out.printf(
        "%n%d %s: %d the same pixels; another replica's first step after %.0f ms (median),"
            + " %.0f ms (p99); steps made again: %.0f (median), %.0f (most)%n",
        kills,
        freeze ? "freezes" : "kills",
        same,
        Figures.median(recovered),
        Figures.percentile(recovered, 0.99),
        Figures.median(lost),
        Figures.percentile(lost, 1));
  }

  private static boolean is(Progress told, String id) {
    return told.getGenerationId().equals(id);
  }

  /** Who works has used more of late. */
  private static double cpu(ChildProcess process) throws InterruptedException {
    long before = used(process);
    // nobody releases it: what is used in a tenth of a second
    new Semaphore(0).tryAcquire(100, TimeUnit.MILLISECONDS);
    return used(process) - before;
  }

  private static long used(ChildProcess process) {
    return process.handle().info().totalCpuDuration().orElse(Duration.ZERO).toMillis();
  }

  private static String submit(GatewayClient gateway) throws GatewayException {
    ObjectNode body = gateway.request();
    body.put("model", "starter").put("prompt", "a red apple").put("seed", 7).put("steps", STEPS);
    body.put("sampler", "euler_a");
    return gateway.submit(body, UUID.randomUUID().toString()).id();
  }

  /** The hashes of its pixels. */
  private static List<String> ended(GatewayClient gateway, String id) throws Exception {
    while (true) {
      Generation generation = gateway.generation(id);
      if (generation.hasEnded()) {
        if (!generation.hasSucceeded()) {
          throw new IllegalStateException(id + " " + generation.status());
        }
        return generation.images().stream().map(Generation.Image::pixelsSha256).toList();
      }
      new Semaphore(0).tryAcquire(50, TimeUnit.MILLISECONDS);
    }
  }
}
