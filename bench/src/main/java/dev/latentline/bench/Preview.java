package dev.latentline.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.local.client.GatewayClient;
import java.util.ArrayList;
import java.util.List;

/**
 * From the POST to the first preview that a client reads, for pictures of 20 and of 50 steps, one
 * at a time; beside it what a step takes in a bare loop, in the same minute.
 */
public final class Preview {
  private static final int SIDE = 128;
  private static final int WARM_UP = 30;

  private Preview() {}

  /** The argument is the number of pictures of each kind; 15 unless given. */
  public static void main(String[] arguments) throws Exception {
    int pictures = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 15;
    try (Starter starter = new Starter();
        Line line = new Line()) {
      line.start("prompt-service");
      line.start("encoder-service");
      line.start("decoder-service");
      line.start("denoiser-service");
      for (int i = 0; i < WARM_UP; i++) {
        watch(line, i, 2);
      }
      starter.draw(0, 20, SIDE);
      System.out.printf(
          "%nfirst preview of pictures of %d x %d, milliseconds after the POST%n%-8s %8s %8s %8s"
              + " %10s %12s%n",
          SIDE, SIDE, "steps", "p50", "p90", "max", "bare_step", "p50_less_it");
      for (int steps : new int[] {20, 50}) {
        List<Double> previews = new ArrayList<>();
        List<Double> bare = new ArrayList<>();
        for (int i = 0; i < pictures; i++) {
          previews.add(1000 * watch(line, i, steps).firstPreview());
          long began = System.nanoTime();
          starter.draw(i, 4, SIDE);
          bare.add((System.nanoTime() - began) / 4e6);
        }
        System.out.printf(
            "%-8d %8.0f %8.0f %8.0f %10.0f %12.0f%n",
            steps,
            Figures.median(previews),
            Figures.percentile(previews, 0.9),
            Figures.percentile(previews, 1),
            Figures.median(bare),
            Figures.median(previews) - Figures.median(bare));
      }
    }
  }

  private static Watch watch(Line line, int seed, int steps) throws Exception {
    GatewayClient gateway = line.gateway();
    ObjectNode body = gateway.request();
    // another text each time: it is encoded, not found
    body.put("model", "starter").put("prompt", "a red apple and " + seed + " more");
    body.put("seed", seed).put("steps", steps).put("width", SIDE).put("height", SIDE);
    return Watch.of(gateway, line.address(), body, true);
  }
}
