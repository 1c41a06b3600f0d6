package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
  @Test
  void aSettingNamesTheCpuOrAGpu() {
    assertThat(Device.of("cpu")).isEqualTo(Device.CPU);
    assertThat(Device.of(" cuda:1 ")).isEqualTo(Device.cuda(1));
    assertThat(Device.cuda(1).provider().id()).isEqualTo("cuda");
    assertThat(Device.cuda(1)).hasToString("cuda:1");
    assertThat(Device.CPU).hasToString("cpu");
  }

  @Test
  void aListKeepsItsOrder() {
    assertThat(Device.listOf("cuda:1, cuda:0")).containsExactly(Device.cuda(1), Device.cuda(0));
    assertThat(Device.listOf("cpu")).containsExactly(Device.CPU);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "cuda", "cuda:", "cuda:-1", "CPU", "cuda:0,", "cuda:9999"})
  void whatIsNoDeviceIsRefusedWithWhatIsAllowed(String setting) {
    assertThatThrownBy(() -> Device.listOf(setting))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "latentline.inference.device must be cpu, or cuda:0, cuda:1, ... for a GPU, not \""
                + setting
                + "\"");
  }

  @Test
  void whereOneIsNeededSeveralAreRefusedAndNoneIsNamedTwice() {
    assertThatThrownBy(() -> Device.of("cuda:0,cuda:1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one device here, not 2: cuda:0,cuda:1");
    assertThatThrownBy(() -> Device.listOf("cuda:0,cuda:0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twice");
  }

  @Test
  void memoryOfAGpuIsBoundedByAPositiveSize() {
    assertThat(SessionSettings.cpu(1).gpuMemoryBytes()).isEmpty();
    assertThatThrownBy(() -> SessionSettings.of(Device.cuda(0), 1, Optional.of(0L)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("latentline.inference.gpu-memory");
  }
}
