package dev.latentline.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WebSocketKeyTest {
  @Test
  void theKeyIsAmongTheSubprotocolsInBase64url() {
    assertThat(WebSocketKey.of(List.of("latentline.live.v1, latentline.key.YWxwaGE")))
        .contains("alpha");
    assertThat(WebSocketKey.of(List.of("latentline.key.YWxwaGE", "latentline.live.v1")))
        .contains("alpha");
    assertThat(WebSocketKey.of(List.of("latentline.key.Ky8_fn4-"))).isEmpty();
    assertThat(WebSocketKey.of(List.of("latentline.key.ay8rPQ"))).contains("k/+=");
  }

  @Test
  void whatIsNoKeyIsNone() {
    for (List<String> headers :
        List.of(
            List.<String>of(),
            List.of(""),
            List.of("latentline.live.v1"),
            List.of("latentline.key."),
            List.of("latentline.key.%"),
            List.of("latentline.key.YWxwaGE,latentline.key.YmV0YQ"),
            List.of("x.latentline.key.YWxwaGE"))) {
      assertThat(WebSocketKey.of(headers)).as(headers.toString()).isEmpty();
    }
  }
}
