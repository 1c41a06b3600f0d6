package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What ONNX Runtime 1.29.0 was seen to say on machines without this or that. */
class CudaProviderTest {
  private static final String LOADING =
      "Error code - ORT_FAIL - message: provider_bridge_ort.cc:1988 ProviderLibrary::Get() Failed to"
          + " load library /opt/ort/libonnxruntime_providers_cuda.so with error: ";
  private static final String COUNTING =
      "Error code - ORT_FAIL - message: Failed to parse provider option \"device_id\": ";

  @Test
  void bitsDoNotDependOnATimedSearchAndProductsKeepTheirPrecision() {
    Map<String, String> options =
        CudaProvider.options(SessionSettings.of(Device.cuda(0), 1, Optional.of(6L << 30)));

    assertThat(options)
        .containsEntry("cudnn_conv_algo_search", "HEURISTIC")
        .containsEntry("use_tf32", "0")
        .containsEntry("prefer_nhwc", "1")
        .containsEntry("arena_extend_strategy", "kSameAsRequested")
        .containsEntry("gpu_mem_limit", "6442450944");
  }

  @Test
  void withoutALimitThereIsNone() {
    SessionSettings settings = new SessionSettings(Device.cuda(0), 1, Optional.empty(), false);

    assertThat(CudaProvider.options(settings))
        .doesNotContainKey("gpu_mem_limit")
        .containsEntry("prefer_nhwc", "0");
  }

  @Test
  void aBuildWithoutCudaSaysHowToGetOne() {
    assertSaid("ORT_EP_FAIL - message: Failed to find CUDA shared provider")
        .contains("mvn -Pgpu", "-Donnxruntime.native.path");
  }

  @Test
  void aMissingLibraryIsNamed() {
    assertSaid(LOADING + "libcublasLt.so.12: cannot open shared object file: No such file")
        .contains("but libcublasLt.so.12 is missing", "LD_LIBRARY_PATH");
    assertSaid(LOADING + "libcuda.so.1: cannot open shared object file: No such file")
        .contains("but libcuda.so.1 is missing", "driver");
  }

  @Test
  void aMissingGpuIsToldWithWhatTheDriverSays() {
    assertSaid(
            COUNTING
                + "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; "
                + "expr=cudaGetDeviceCount(&num_devices);")
        .contains("finds no GPU", "nvidia-smi", "no CUDA-capable device");
    assertSaid(
            COUNTING
                + "Invalid device ID: 3, must be between 0 (inclusive) and 2 (exclusive). ; "
                + "cudaGetDeviceCount(&num_devices)")
        .contains("no such GPU", "between 0 (inclusive) and 2");
  }

  @Test
  void whatIsUnknownIsPassedOn() {
    assertSaid("something new").contains("something new");
  }

  private static org.assertj.core.api.AbstractStringAssert<?> assertSaid(String message) {
    return assertThat(CudaProvider.unavailable(Device.cuda(3), message))
        .startsWith("latentline.inference.device is cuda:3, but ")
        .contains("latentline.inference.device=cpu");
  }
}
