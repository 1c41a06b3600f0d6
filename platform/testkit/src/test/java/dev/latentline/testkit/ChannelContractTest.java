package dev.latentline.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ChannelContractTest {
  private static Map<String, String> encoder() {
    Map<String, String> properties = new TreeMap<>();
    properties.put("mp.messaging.incoming.prompt-tokenized.connector", "latentline-share");
    properties.put("mp.messaging.incoming.generation-control.topic", "generation.control");
    properties.put(
        "mp.messaging.outgoing.embedding-ready.topic", "embedding.ready.${latentline.pool}");
    properties.put("mp.messaging.outgoing.generation-event.connector", "smallrye-kafka");
    properties.put("quarkus.http.port", "8082");
    return properties;
  }

  @Test
  void theContractsChannelsPass() {
    assertThatCode(ChannelContract.of(Stage.ENCODER, encoder())::check).doesNotThrowAnyException();
  }

  @Test
  void aMissingChannelIsNamed() {
    Map<String, String> properties = encoder();
    properties.remove("mp.messaging.outgoing.embedding-ready.topic");
    ChannelContract contract = ChannelContract.of(Stage.ENCODER, properties);
    assertThatThrownBy(contract::check)
        .hasMessageContaining("encoder")
        .hasMessageContaining("writes EMBEDDING_READY");
    assertThatCode(contract.withoutChannel(Topic.EMBEDDING_READY)::check)
        .doesNotThrowAnyException();
  }

  @Test
  void aChannelThatTheStageMustNotHaveIsNamed() {
    Map<String, String> properties = encoder();
    properties.put("mp.messaging.incoming.latent-denoised.connector", "latentline-share");
    assertThatThrownBy(ChannelContract.of(Stage.ENCODER, properties)::check)
        .hasMessageContaining("latent-denoised (topic latent.denoised)");
  }

  @Test
  void anotherTopicThanTheChannelsNameIsSeen() {
    Map<String, String> properties = encoder();
    properties.put("mp.messaging.incoming.prompt-tokenized.topic", "prompts");
    assertThatThrownBy(ChannelContract.of(Stage.ENCODER, properties)::check)
        .hasMessageContaining("reads PROMPT_TOKENIZED")
        .hasMessageContaining("prompts");
  }
}
