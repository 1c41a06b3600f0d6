package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RuntimeClassesTest {
  @Test
  void theWidestInstructionSetOfAnX86IsFound() {
    List<String> zen4 =
        List.of(
            "processor\t: 0",
            "model name\t: a CPU with flags: avx512f in its name",
            "flags\t\t: fpu sse2 sse4_2 avx avx2 avx512f avx512dq avx512_vnni");
    List<String> haswell = List.of("flags\t\t: fpu sse2 sse4_2 avx fma avx2");

    assertThat(RuntimeClasses.instructionSet(zen4, "amd64")).isEqualTo("avx512f");
    assertThat(RuntimeClasses.instructionSet(haswell, "amd64")).isEqualTo("avx2");
  }

  @Test
  void theWidestInstructionSetOfAnArmIsFound() {
    assertThat(
            RuntimeClasses.instructionSet(
                List.of("Features\t: fp asimd evtstrm aes sha2 sve"), "aarch64"))
        .isEqualTo("sve");
    assertThat(RuntimeClasses.instructionSet(List.of("Features\t: fp asimd"), "aarch64"))
        .isEqualTo("asimd");
  }

  @Test
  void theArchitectureStandsInWhereNoFileTells() {
    assertThat(RuntimeClasses.instructionSet(List.of(), "aarch64")).isEqualTo("aarch64");
    assertThat(RuntimeClasses.instructionSet(List.of("isa\t\t: rv64imafdc"), "riscv64"))
        .isEqualTo("riscv64");
  }

  @Test
  void nothingRunsWhileTelemetryIsOn() {
    OrtRuntime.requireNoTelemetry("1");

    assertThatThrownBy(() -> OrtRuntime.requireNoTelemetry(null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ORT_DISABLE_TELEMETRY=1");
    assertThatThrownBy(() -> OrtRuntime.requireNoTelemetry("0"))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void threadsAreBounded() {
    assertThat(SessionSettings.cpu(2).intraOpThreads()).isEqualTo(2);
    assertThatThrownBy(() -> SessionSettings.cpu(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
