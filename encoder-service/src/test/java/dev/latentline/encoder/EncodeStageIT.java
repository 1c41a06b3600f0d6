package dev.latentline.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.GenerationIds;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.kit.workqueue.Lease;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.PromptTokenized;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.proto.v1.TokenizedConditioning;
import dev.latentline.testkit.LatentlineStack;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.TestStack;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the queue hears of the work while it is done. */
@QuarkusTest
@QuarkusTestResource(LatentlineStack.class)
@Timeout(Patience.TEST_SECONDS)
class EncodeStageIT {
  @Inject EncodeStage stage;

  /** Each is one of many; else the work would be taken for stalled. */
  @Test
  void theLeaseIsToldOfEachText() {
    String id = GenerationIds.create(System.currentTimeMillis(), ThreadLocalRandom.current());
    AtomicInteger told = new AtomicInteger();
    // of which no embedding is kept from other tests
    PromptTokenized record =
        PromptTokenized.newBuilder()
            .setRequest(request(id))
            .addConditionings(conditioning(Role.POSITIVE, 101, 6207, 6207, 6207, 102))
            .addConditionings(conditioning(Role.NEGATIVE, 101, 6207, 6207, 6207, 6207, 102))
            .build();

    stage.encode(
        new WorkItem(
            id,
            record.toByteArray(),
            Map.of(),
            id,
            1,
            false,
            Instant.now().plus(Patience.SOON),
            lease(told::incrementAndGet)));

    assertThat(told).as("before and after each is encoded").hasValue(2 * 2);
  }

  private static GenerationRequest request(String id) {
    ModelCard starter = Catalogue.open(TestStack.shared().models()).find("starter").orElseThrow();
    return GenerationRequest.newBuilder()
        .setGenerationId(id)
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName(starter.name()).setDigest(starter.digest()))
        .setPool("default")
        .setPrompt("apples")
        .setSteps(25)
        .setWidth(128)
        .setHeight(128)
        .setCount(1)
        .build();
  }

  private static TokenizedConditioning conditioning(Role role, long... ids) {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    for (long token : ids) {
      tokens.addIds(token);
    }
    return TokenizedConditioning.newBuilder()
        .setRole(role)
        .addEncoders(tokens)
        .setWeight(1)
        .setEnd(1)
        .build();
  }

  /** Of a record that stays here. */
  private static Lease lease(Runnable progress) {
    return new Lease() {
      @Override
      public boolean lost() {
        return false;
      }

      @Override
      public void onLost(Runnable action) {}

      @Override
      public void progress() {
        progress.run();
      }

      @Override
      public void progress(Duration allowance) {
        progress.run();
      }

      @Override
      public void onEnding(Runnable action) {}
    };
  }
}
