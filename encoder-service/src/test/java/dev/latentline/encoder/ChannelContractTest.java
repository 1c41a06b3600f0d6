package dev.latentline.encoder;

import dev.latentline.contract.Stage;
import dev.latentline.testkit.ChannelContract;
import dev.latentline.testkit.ServiceSentence;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ChannelContractTest {
  @Test
  void theEncoderReadsAndWritesWhatTheContractSays() {
    ChannelContract.of(Stage.ENCODER, Path.of("src/main/resources/application.properties")).check();
  }

  @Test
  void itSaysOfItselfWhatTheContractSays() {
    ServiceSentence.of(Stage.ENCODER, Path.of("")).check();
  }
}
