import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.GraphFailedException;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.RuntimeClasses;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Times a graph as the services run it: inputs from arrays, outputs to arrays.
 *
 * <pre>UNetBench DEVICE GRAPH CASES SECONDS LIMIT_BYTES|none LAYOUT</pre>
 *
 * CASES has a folder for each case; in it each input is NAME.SHAPE.f32 (SHAPE such as 2x4x64x64),
 * and the output is written beside them. LAYOUT is nhwc or nchw. Prints "case CASE MEDIAN_MS RUNS", or
 * "case CASE oom" where memory ran out.
 */
final class UNetBench {
  public static void main(String[] arguments) throws IOException {
    Device device = Device.of(arguments[0]);
    double seconds = Double.parseDouble(arguments[3]);
    Optional<Long> limit =
        arguments[4].equals("none") ? Optional.empty() : Optional.of(Long.valueOf(arguments[4]));
    SessionSettings settings =
        new SessionSettings(
            device, Runtime.getRuntime().availableProcessors(), limit, arguments[5].equals("nhwc"));
    System.out.println("class " + RuntimeClasses.current(settings, 1).toString().replace('\n', ' '));
    long began = System.nanoTime();
    try (ModelSession session = ModelSession.open(Path.of(arguments[1]), settings)) {
      System.out.printf("loaded %.1f s%n", (System.nanoTime() - began) / 1e9);
      try (var cases = Files.list(Path.of(arguments[2]))) {
        for (Path folder : cases.sorted().toList()) {
          measure(session, folder, seconds);
        }
      }
    } catch (OutOfDeviceMemoryException e) {
      System.out.println("failed " + e.getMessage());
    }
  }

  private static void measure(ModelSession session, Path folder, double seconds) throws IOException {
    Map<String, DenseTensor> inputs = inputs(folder);
    String output = session.outputs().iterator().next();
    try {
      long first = System.nanoTime();
      FloatTensor result = session.run(inputs, output, new RunStop());
      System.out.printf("first %s %.1f%n", folder.getFileName(), (System.nanoTime() - first) / 1e6);
      write(folder.resolve(output + ".out"), result);
      session.run(inputs, output, new RunStop());
      double[] times = new double[1000];
      int runs = 0;
      long end = System.nanoTime() + (long) (seconds * 1e9);
      while (runs < 3 || (runs < times.length && System.nanoTime() < end)) {
        long start = System.nanoTime();
        session.run(inputs, output, new RunStop());
        times[runs++] = (System.nanoTime() - start) / 1e6;
      }
      double[] sorted = Arrays.copyOf(times, runs);
      Arrays.sort(sorted);
      System.out.printf("case %s %.3f %d%n", folder.getFileName(), sorted[runs / 2], runs);
    } catch (OutOfDeviceMemoryException e) {
      System.out.println("case " + folder.getFileName() + " oom");
    } catch (GraphFailedException e) {
      System.out.println("case " + folder.getFileName() + " failed: " + e.getCause().getMessage());
    }
  }

  private static Map<String, DenseTensor> inputs(Path folder) throws IOException {
    Map<String, DenseTensor> inputs = new TreeMap<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".f32")).toList()) {
        String[] name = file.getFileName().toString().split("\\.");
        long[] shape = Arrays.stream(name[1].split("x")).mapToLong(Long::parseLong).toArray();
        float[] values = new float[(int) (Files.size(file) / Float.BYTES)];
        ByteBuffer.wrap(Files.readAllBytes(file))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(values);
        inputs.put(name[0], new FloatTensor(shape, values));
      }
    }
    return inputs;
  }

  private static void write(Path file, FloatTensor tensor) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(tensor.data().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(tensor.data());
    Files.write(file, bytes.array());
  }
}
