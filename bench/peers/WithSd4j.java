import com.oracle.labs.mlrg.sd4j.SD4J;
import com.oracle.labs.mlrg.sd4j.Schedulers;

/**
 * Pictures by sd4j, text included, threads as ONNX Runtime chooses: WithSd4j FOLDER STEPS SIDE COUNT
 */
final class WithSd4j {
  public static void main(String[] arguments) {
    int steps = Integer.parseInt(arguments[1]);
    int side = Integer.parseInt(arguments[2]);
    try (SD4J model = SD4J.factory(arguments[0])) {
      for (int seed = 0; seed < Integer.parseInt(arguments[3]); seed++) {
        model.generateImage(
            steps,
            "a red apple",
            "",
            7.5f,
            1,
            new SD4J.ImageSize(side, side),
            seed,
            Schedulers.EULER_ANCESTRAL,
            step -> {});
        System.out.println("picture");
      }
    }
  }
}
