package dev.latentline.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LiveConnectionsTest {
  private final LiveConnections connections = new LiveConnections(3, 2);

  @Test
  void oneTenantDoesNotKeepOthersOut() {
    assertThat(connections.take("a")).isTrue();
    assertThat(connections.take("a")).isTrue();
    assertThat(connections.take("a")).isFalse();
    assertThat(connections.take("b")).isTrue();
    assertThat(connections.take("c")).as("three in all").isFalse();
    connections.giveBack("a");
    assertThat(connections.take("c")).isTrue();
    connections.giveBack("b");
    assertThat(connections.take("a")).isTrue();
    assertThat(connections.take("a")).isFalse();
  }

  @Test
  void nobodyComesWhenItEnds() {
    assertThat(connections.close()).isEmpty();
    assertThat(connections.take("a")).isFalse();
  }

  @Test
  void aLimitOfNothingIsRefused() {
    assertThatThrownBy(() -> new LiveConnections(0, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LiveConnections(1, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
