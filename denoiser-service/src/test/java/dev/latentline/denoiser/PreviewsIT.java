package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.GenerationIds;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.embedded.ChildFailedException;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Progress;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.TestStack;
import dev.latentline.testkit.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a denoiser shows of pictures that nobody has judged yet. */
@Timeout(Patience.TEST_SECONDS)
class PreviewsIT {
  private static final String POOL = "previews";

  private static TestStack stack;
  private static Path models;

  @BeforeAll
  static void open() throws IOException {
    stack = TestStack.shared();
    Topics.create(stack.bootstrapServers(), POOL);
    models = Replicas.catalogue(stack, POOL);
  }

  @ParameterizedTest
  @CsvSource({"flag, true", "reject, false"})
  void previewsAreShownOnlyWhereUnsafePicturesMayBeSeen(String safety, boolean shown)
      throws Exception {
    GenerationRequest request =
        Starter.request()
            .setGenerationId(
                GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current()))
            .setPool(POOL)
            .setSteps(3)
            .build();
    try (Replicas replicas = withSafety(safety)) {
      replicas.start();
      Replicas.submit(Starter.apple(request));

      List<Boolean> previews = new ArrayList<>();
      for (ConsumerRecord<String, byte[]> told :
          RecordReader.open()
              .ofGeneration(
                  Topic.GENERATION_PROGRESS.topicName(),
                  request.getGenerationId(),
                  3,
                  Patience.SOON)) {
        previews.add(!Progress.parseFrom(told.value()).getPreview().isEmpty());
      }
      assertThat(previews).hasSize(3).containsOnly(shown);
    }
  }

  @Test
  void itDoesNotStartWithAModeThatIsNotKnown() {
    try (Replicas replicas = withSafety("hide")) {
      assertThatThrownBy(replicas::start).isInstanceOf(ChildFailedException.class);
    }
  }

  private static Replicas withSafety(String mode) {
    return new Replicas(stack, POOL, models, Map.of("LATENTLINE_SAFETY", mode));
  }
}
