package dev.latentline.denoiser.network;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.latentline.denoiser.task.Starter;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.Patience;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the networks of the pool, starter and starter-turbo, have run with when they are there. */
@Timeout(Patience.TEST_SECONDS)
class WarmUpIT {
  private static final BatchSizes SIZES = BatchSizes.of(List.of(2, 3, 5));

  private final List<Integer> ran = new ArrayList<>();
  private int memoryForRows = Integer.MAX_VALUE;

  @Test
  void everyBatchHasRunAtTheDefaultSize() {
    try (PoolModels models = models(SIZES)) {
      assertThat(ran).containsExactly(2, 3, 5, 2, 3, 5);
      assertThat(models.sizes()).isSameAs(SIZES);
    }
  }

  @Test
  void onCpusWithoutBatchSizesNothingRuns() {
    try (PoolModels models = models(BatchSizes.none())) {
      assertThat(ran).isEmpty();
      assertThat(models.size()).isEqualTo(2);
    }
  }

  @Test
  void batchesThatTheMemoryIsTooSmallForAreLeftOut() {
    memoryForRows = 3;
    try (PoolModels models = models(SIZES)) {
      // of one model, and of the other only what both can do
      assertThat(ran).containsExactly(2, 3, 5, 2, 3);
      assertThat(models.sizes().all()).containsExactly(2, 3);
      // what is always computed in the largest batch is so in the largest there is
      assertThat(models.runtimeClass(2, true).getBatch()).isEqualTo(3);
    }
  }

  @Test
  void aNetworkThatIsLoadedLaterChangesNothingForTheOthersAndTheLogSaysWhatFails() {
    List<String> logged = new CopyOnWriteArrayList<>();
    Handler handler = warningsInto(logged);
    Logger log = Logger.getLogger(WarmUp.class.getName());
    // room for one
    try (PoolModels models = models(SIZES, 1)) {
      assertThat(ran).containsExactly(2, 3, 5);
      memoryForRows = 3;
      log.addHandler(handler);

      models.network(models.require(turbo())).close();

      assertThat(ran).containsExactly(2, 3, 5, 2, 3, 5);
      assertThat(models.sizes()).isSameAs(SIZES);
      assertThat(logged).singleElement(as(STRING)).contains("5 rows", "such calls will fail");
    } finally {
      log.removeHandler(handler);
    }
  }

  private static ModelRef turbo() {
    ModelCard card = Starter.catalogue().find("starter-turbo").orElseThrow();
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  private static Handler warningsInto(List<String> logged) {
    return new Handler() {
      @Override
      public void publish(LogRecord warning) {
        if (warning.getLevel().intValue() >= Level.WARNING.intValue()) {
          logged.add(warning.getMessage() + Arrays.toString(warning.getParameters()));
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void withoutMemoryForTheSmallestItDoesNotStart() {
    memoryForRows = 1;
    ModelCard starter = Starter.card();

    assertThatThrownBy(() -> models(SIZES))
        .isInstanceOf(OutOfDeviceMemoryException.class)
        .hasMessageContainingAll(
            "2 rows of the model " + starter.name() + " at 128 x 128",
            "latentline.inference.gpu-memory",
            "latentline.inference.batch-sizes");
  }

  @Test
  void aGpuWithoutBatchSizesIsWarmedUpForOnePictureWithGuidanceAndWithout() {
    try (PoolModels models = Starter.models()) {
      BatchSizes sizes;
      try (HeldNetwork held = models.network(models.require(Starter.request().getModel()))) {
        sizes =
            new WarmUp(Device.cuda(0))
                .fitting(Starter.card(), watched(held.network()), BatchSizes.none());
      }

      assertThat(ran).containsExactly(1, 2);
      assertThat(sizes.shared()).isFalse();
    }
  }

  private PoolModels models(BatchSizes sizes) {
    return models(sizes, Long.MAX_VALUE);
  }

  private PoolModels models(BatchSizes sizes, long maxBytes) {
    return new PoolModels(
        Starter.catalogue(), "default", SessionSettings.cpu(1), sizes, maxBytes, this::watched);
  }

  private NoisePredictor watched(NoisePredictor network) {
    return (calls, stop) -> {
      int rows = calls.stream().mapToInt(NetworkCall::rows).sum();
      ran.add(rows);
      if (rows > memoryForRows) {
        throw new OutOfDeviceMemoryException("full", null);
      }
      List<float[]> answers = network.predict(calls, stop);
      assertThat(answers).hasSize(1);
      assertThat(answers.get(0)).hasSize(rows * 4 * 16 * 16);
      return answers;
    };
  }
}
