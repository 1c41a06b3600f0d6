package dev.latentline.bench;

import dev.latentline.contract.Topic;
import dev.latentline.proto.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures per second of the whole line with one real denoiser and with two, each beside a bare
 * loop of as many threads: two threads of one machine make less than twice as much anyway, and the
 * other services have a core for themselves only beside one denoiser.
 */
public final class Scaling {
  private static final int ROUNDS = 5;

  private Scaling() {}

  /** The argument is the number of pictures that each denoiser makes in a round; 4 unless given. */
  public static void main(String[] arguments) throws Exception {
    int pictures = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
    try (Starter starter = new Starter();
        Line line = new Line()) {
      line.start("prompt-service");
      line.start("encoder-service");
      line.start("decoder-service");
      try (Tail<GenerationEvent> facts =
          new Tail<>(line.bootstrapServers(), Topic.GENERATION_EVENT, GenerationEvent.parser())) {
        Pipeline pipeline = new Pipeline(starter, line, facts);
        double[] bare = new double[2];
        double[] made = new double[2];
        System.out.printf(
            "%npictures of %d x %d and %d steps a second, medians of %d%n%-10s %10s %10s %8s%n",
            Pipeline.SIDE,
            Pipeline.SIDE,
            Pipeline.STEPS,
            ROUNDS,
            "denoisers",
            "bare",
            "line",
            "ratio");
        for (int count = 1; count <= 2; count++) {
          line.start("denoiser-service");
          pipeline.warmUp(count);
          List<Double> bares = new ArrayList<>();
          List<Double> lines = new ArrayList<>();
          for (int round = 0; round < ROUNDS; round++) {
            bares.add(pipeline.bare(pictures * count, count, Pipeline.STEPS, Pipeline.SIDE));
            lines.add(pipeline.line(pictures * count, Pipeline.STEPS, Pipeline.SIDE));
          }
          bare[count - 1] = Figures.median(bares);
          made[count - 1] = Figures.median(lines);
          System.out.printf(
              "%-10d %10.3f %10.3f %8.3f%n",
              count, bare[count - 1], made[count - 1], made[count - 1] / bare[count - 1]);
        }
        System.out.printf(
            "%-10s %10.3f %10.3f   of 2: the line %.3f, the bare loop %.3f%n",
            "2 / 1",
            bare[1] / bare[0],
            made[1] / made[0],
            made[1] / made[0] / 2,
            bare[1] / bare[0] / 2);
      }
    }
  }
}
