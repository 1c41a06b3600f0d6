package dev.latentline.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.NetworkTags.Tag;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class NetworkTagsTest {
  @Test
  void tagsAreFoundAndLeaveTheText() {
    String prompt = "a <lora:my style:0.8> cat<lyco:b> <hypernet:c:1:te=0.5><lora:d:>";

    assertThat(NetworkTags.of(prompt))
        .containsExactly(
            new Tag("lora", "my style", List.of("0.8")),
            new Tag("lyco", "b", List.of()),
            new Tag("hypernet", "c", List.of("1", "te=0.5")),
            new Tag("lora", "d", List.of("")));
    assertThat(NetworkTags.without(prompt)).isEqualTo("a  cat ");
  }

  @Test
  void otherAngleBracketsAreText() {
    for (String text :
        new String[] {"a <3 b", "<a:b>", "<lora>", "<lora:>", "<lora:a", "lora:a>"}) {
      assertThat(NetworkTags.of(text)).isEmpty();
      assertThat(NetworkTags.without(text)).isEqualTo(text);
    }
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          NetworkTags.of("<lora:".repeat(5_000));
          NetworkTags.of("<lora:" + "a".repeat(30_000));
          NetworkTags.without("<lora:a>".repeat(4_000));
        });
  }
}
