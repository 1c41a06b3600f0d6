package dev.latentline.inference.session;

import dev.latentline.proto.v1.RuntimeClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What decides the bits of a run, besides its inputs. */
public final class RuntimeClasses {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** Widest first, by the names that Linux gives them. */
  private static final List<String> VECTOR_SETS =
      List.of("avx512f", "avx2", "avx", "sse4_2", "sse2", "sve2", "sve", "asimd", "neon");

  private RuntimeClasses() {}

  /**
   * The class of runs in this process.
   *
   * @param batch what the U-Net sees at once
   * @throws DeviceUnavailableException when there is a GPU whose model nothing tells
   */
  public static RuntimeClass current(SessionSettings settings, int batch) {
    return RuntimeClass.newBuilder()
        .setProvider(settings.device().provider().id())
        .setOnnxruntimeVersion(OrtRuntime.environment().getVersion())
        .setDevice(
            settings.device().isCuda()
                ? Gpus.model(settings.device().index())
                : instructionSet(cpuInfo(), System.getProperty("os.arch")))
        .setIntraOpThreads(settings.intraOpThreads())
        .setBatch(batch)
        .build();
  }

  /**
   * The CPU's widest vector instruction set, such as avx512f; ONNX Runtime's kernels are chosen by
   * it.
   *
   * @param cpuInfo the lines of /proc/cpuinfo, empty where there is none
   * @param architecture told instead when no line tells
   */
  static String instructionSet(List<String> cpuInfo, String architecture) {
    Set<String> flags = new HashSet<>();
    for (String line : cpuInfo) {
      int colon = line.indexOf(':');
      String key = colon < 0 ? "" : line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
      if (key.equals("flags") || key.equals("features")) {
        flags.addAll(Arrays.asList(line.substring(colon + 1).strip().split("\\s+")));
        break;
      }
    }
    return VECTOR_SETS.stream().filter(flags::contains).findFirst().orElse(architecture);
  }

  private static List<String> cpuInfo() {
    try {
      return Files.exists(CPU_INFO) ? Files.readAllLines(CPU_INFO) : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }
}
