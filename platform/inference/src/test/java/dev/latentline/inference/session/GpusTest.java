package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.session.Gpus.Gpu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpusTest {
  private static final Gpu H100 = new Gpu("0000:17:00.0", "GPU-aa11", "NVIDIA H100 80GB HBM3");
  private static final Gpu A10 = new Gpu("0000:02:00.0", "GPU-bb22", "NVIDIA A10");
  private static final Map<String, String> BY_BUS = Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

  @Test
  void theDriversFilesTellTheModel(@TempDir Path folder) throws IOException {
    Path gpu = Files.createDirectory(folder.resolve("0000:17:00.0"));
    Files.writeString(
        gpu.resolve("information"),
        """
        Model: \t\t NVIDIA H100 80GB HBM3
        IRQ:   \t\t 141
        GPU UUID: \t GPU-aa11
        Video BIOS: \t 96.00.61.00.01
        Bus Type: \t PCIe
        DMA Size: \t 52 bits
        Bus Location: \t 0000:17:00.0
        Device Minor: \t 0
        GPU Firmware: \t 580.159.04
        """);

    assertThat(Gpus.fromDriver(folder)).containsExactly(H100);
    assertThat(Gpus.fromDriver(folder.resolve("absent"))).isEmpty();
  }

  @Test
  void nvidiaSmiTellsItToo() {
    assertThat(
            Gpus.fromSmi(
                List.of("00000000:17:00.0, GPU-aa11, NVIDIA H100 80GB HBM3", "", "No devices")))
        .containsExactly(new Gpu("00000000:17:00.0", "GPU-aa11", "NVIDIA H100 80GB HBM3"));
  }

  @Test
  void ofSeveralAlikeAnyOneTells() {
    assertThat(Gpus.model(5, List.of(H100, H100), Map.of())).isEqualTo("NVIDIA H100 80GB HBM3");
  }

  @Test
  void differentOnesAreCountedInTheOrderOfTheBus() {
    assertThat(Gpus.model(0, List.of(H100, A10), BY_BUS)).isEqualTo("NVIDIA A10");
    assertThat(Gpus.model(1, List.of(H100, A10), BY_BUS)).isEqualTo("NVIDIA H100 80GB HBM3");
  }

  @Test
  void onlyTheVisibleOnesCount() {
    assertThat(Gpus.model(0, List.of(H100, A10), visible("1"))).contains("H100");
    assertThat(Gpus.model(1, List.of(H100, A10), visible("GPU-aa,0"))).contains("A10");
    assertThatThrownBy(() -> Gpus.model(1, List.of(H100, A10), visible("0,7,1")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("no GPU cuda:1");
  }

  @Test
  void whereCudasOrderIsNotKnownNoModelIsGuessed() {
    assertThatThrownBy(() -> Gpus.model(0, List.of(H100, A10), Map.of()))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("CUDA_DEVICE_ORDER=PCI_BUS_ID");
    assertThatThrownBy(() -> Gpus.model(0, List.of(), Map.of()))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("nvidia-smi");
  }

  private static Map<String, String> visible(String names) {
    return Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES", names);
  }
}
