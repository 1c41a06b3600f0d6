package dev.latentline.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.local.CliException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StackPortsTest {
  @Test
  void withoutAnythingTheDefaultsHold() {
    StackPorts ports = StackPorts.of(null, List.of());
    assertThat(ports.of(Role.GATEWAY)).isEqualTo(8080);
    assertThat(ports.of(Role.DECODER)).isEqualTo(8084);
    assertThat(ports.of(Role.STORE)).isEqualTo(29000);
    assertThat(ports.of(Role.BROKER)).isEqualTo(29092);
    assertThat(ports.of(Role.CONTROLLER)).isEqualTo(29093);
  }

  @Test
  void anOptionOutdoesTheEnvironment() {
    StackPorts ports =
        StackPorts.of("gateway=9080, broker=9092", List.of("gateway=7080", "store=7000"));
    assertThat(ports.of(Role.GATEWAY)).isEqualTo(7080);
    assertThat(ports.of(Role.BROKER)).isEqualTo(9092);
    assertThat(ports.of(Role.STORE)).isEqualTo(7000);
  }

  @Test
  void zeroPicksDifferentFreePorts() {
    StackPorts ports =
        StackPorts.of(null, Arrays.stream(Role.values()).map(role -> role.id() + "=0").toList());
    assertThat(Arrays.stream(Role.values()).map(ports::of))
        .doesNotHaveDuplicates()
        .allMatch(p -> p > 0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gateway       | write NAME=N",
        "=80           | write NAME=N",
        "web=80        | there is no web, only gateway",
        "gateway=http  | a port is a number",
        "gateway=70000 | a port is a number",
        "gateway=-1    | a port is a number",
        "gateway=8081  | gateway and prompt cannot both have port 8081",
      })
  void whatIsWrongIsSaid(String option, String said) {
    assertThatThrownBy(() -> StackPorts.of(null, List.of(option)))
        .isInstanceOfSatisfying(
            CliException.class, e -> assertThat(e.exitCode()).isEqualTo(CliException.USAGE))
        .hasMessageContaining(said);
  }
}
