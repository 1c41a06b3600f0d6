package dev.latentline.inference.session;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** ONNX Runtime's CUDA provider: how it is set up, and why it cannot be. */
final class CudaProvider {
  /** What the dynamic linker says of the provider's library or of one that it needs. */
  private static final Pattern MISSING =
      Pattern.compile("(lib[\\w+.-]+?\\.so[\\d.]*): cannot open");

  private static final String INSTEAD = "; or set latentline.inference.device=cpu";

  private CudaProvider() {}

  /**
   * Has the session run on the GPU.
   *
   * @throws DeviceUnavailableException when the provider cannot be loaded or finds no such GPU;
   *     never is the CPU taken instead
   */
  static void add(SessionOptions options, SessionSettings settings) {
    try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(settings.device().index())) {
      for (Map.Entry<String, String> option : options(settings).entrySet()) {
        cuda.add(option.getKey(), option.getValue());
      }
      options.addCUDA(cuda);
    } catch (OrtException e) {
      throw new DeviceUnavailableException(unavailable(settings.device(), e.getMessage()));
    }
  }

  /** The provider's options beside device_id. */
  static Map<String, String> options(SessionSettings settings) {
    Map<String, String> options = new LinkedHashMap<>();
    settings
        .gpuMemoryBytes()
        .ifPresent(bytes -> options.put("gpu_mem_limit", Long.toString(bytes)));
    // doubling, the default, reserves up to twice what is needed
    options.put("arena_extend_strategy", "kSameAsRequested");
    // EXHAUSTIVE, the default, times the algorithms: the winner, and so the bits, vary by run
    options.put("cudnn_conv_algo_search", "HEURISTIC");
    // with less than all the workspace fp16 convolutions get slow algorithms
    options.put("cudnn_conv_use_max_workspace", "1");
    // rounds the inputs of fp32 products to 10 bits of fraction
    options.put("use_tf32", "0");
    options.put("prefer_nhwc", settings.channelsLast() ? "1" : "0");
    // a second stream for copies races with the first (microsoft/onnxruntime#4829)
    options.put("do_copy_in_default_stream", "1");
    return options;
  }

  /** One sentence for whoever started the service. */
  static String unavailable(Device device, String said) {
    return "latentline.inference.device is " + device + ", but " + why(said.strip());
  }

  private static String why(String said) {
    if (said.contains("Failed to find CUDA shared provider")) {
      return "this is a build without CUDA: build with mvn -Pgpu (CUDA 12), or start Java with"
          + " -Donnxruntime.native.path=FOLDER (CUDA 13, see docs/gpu.md)"
          + INSTEAD;
    }
    Matcher missing = MISSING.matcher(said);
    if (missing.find()) {
      String library = missing.group(1);
      return library.startsWith("libcuda.so")
          ? library + " is missing, which comes with NVIDIA's driver: install it" + INSTEAD
          : library
              + " is missing: install CUDA of the version in its name and cuDNN 9, and name their"
              + " folders in LD_LIBRARY_PATH"
              + INSTEAD;
    }
    if (said.contains("Invalid device ID") || said.contains("invalid device ordinal")) {
      return "there is no such GPU: nvidia-smi lists those there are" + INSTEAD + " (" + said + ")";
    }
    if (said.contains("cudaGetDeviceCount")) {
      return "NVIDIA's driver finds no GPU that it can use: see what nvidia-smi says"
          + INSTEAD
          + " ("
          + said
          + ")";
    }
    return "ONNX Runtime cannot use it: " + said + INSTEAD;
  }
}
