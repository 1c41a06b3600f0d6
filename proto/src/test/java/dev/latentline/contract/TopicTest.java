package dev.latentline.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TopicTest {
  @Test
  void everyTopicOfOneInstallationHasItsName() {
    assertThat(Topic.allNames(List.of("default", "large")))
        .containsExactlyInAnyOrder(
            "generation.event",
            "generation.requested",
            "prompt.tokenized",
            "embedding.ready.default",
            "embedding.ready.large",
            "latent.denoised",
            "generation.progress",
            "generation.control",
            "dlq.prompt",
            "dlq.encoder",
            "dlq.denoiser",
            "dlq.decoder",
            "webhook.delivery");
  }

  @ParameterizedTest
  @EnumSource(Topic.class)
  void noTopicDropsARecordThatMayStillBeWaitedFor(Topic topic) {
    if (topic.kind() == Topic.Kind.COMPACTED || topic == Topic.GENERATION_PROGRESS) {
      return;
    }
    Duration kept = Duration.ofMillis(Long.parseLong(topic.settings().get("retention.ms")));

    assertThat(kept).isGreaterThanOrEqualTo(Limits.MAX_DEADLINE.plusHours(24));
    assertThat(topic.settings()).containsEntry("retention.bytes", "-1");
  }

  @ParameterizedTest
  @EnumSource(Topic.class)
  void aRecordWithTheLargestInlinePayloadFits(Topic topic) {
    int largest = Integer.parseInt(topic.settings().get("max.message.bytes"));

    // the payload, the request with two prompts of the longest kind at 4 bytes a code point,
    // metadata and headers
    int surroundings =
        2 * 4 * Limits.MAX_PROMPT_CODE_POINTS + Limits.MAX_JSON_BYTES + Limits.MAX_URL_CHARS;
    assertThat(largest).isGreaterThan(Limits.INLINE_PAYLOAD_BYTES + surroundings);
  }

  @ParameterizedTest
  @EnumSource(value = Topic.class)
  void queuesHaveOneReaderAndOnePartitionThatAllWorkersShare(Topic topic) {
    if (topic.kind() != Topic.Kind.QUEUE) {
      return;
    }
    assertThat(topic.readers()).hasSize(1);
    assertThat(topic.partitions()).isEqualTo(1);
  }

  @Test
  void aTopicPerPoolOrStageIsNotNamedWithoutIt() {
    assertThatThrownBy(Topic.EMBEDDING_READY::topicName).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Topic.LATENT_DENOISED.topicName("default"))
        .isInstanceOf(IllegalStateException.class);
    assertThat(Topic.EMBEDDING_READY.shareGroup("default"))
        .isEqualTo("latentline.denoiser.default");
    assertThat(Topic.PROMPT_TOKENIZED.shareGroup()).isEqualTo("latentline.encoder");
  }
}
