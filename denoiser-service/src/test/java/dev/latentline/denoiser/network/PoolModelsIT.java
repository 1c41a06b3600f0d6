package dev.latentline.denoiser.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which networks are in memory: the starter's, starter-turbo's and a copy's. */
@Timeout(Patience.TEST_SECONDS)
class PoolModelsIT {
  @TempDir Path folder;
  private Path catalogueFolder;

  @BeforeEach
  void copy() throws IOException {
    catalogueFolder = folder.resolve("catalogue");
    Starter.copy("starter", catalogueFolder.resolve("starter"));
    Starter.copy("starter-turbo", catalogueFolder.resolve("starter-turbo"));
    Files.writeString(catalogueFolder.resolve("pools.yaml"), "default: [starter-turbo, starter]");
  }

  private PoolModels open(long maxBytes) {
    return open(Catalogue.open(catalogueFolder), maxBytes);
  }

  private static PoolModels open(Catalogue catalogue, long maxBytes) {
    return new PoolModels(
        catalogue, "default", SessionSettings.cpu(1), BatchSizes.none(), maxBytes);
  }

  private long bytesOfOne() {
    return Catalogue.open(catalogueFolder).models().stream()
        .mapToLong(model -> ModelPart.of(model, model.unet().model()).bytes())
        .max()
        .orElseThrow();
  }

  private PoolModel model(PoolModels models, String name) {
    ModelCard card = Catalogue.open(catalogueFolder).find(name).orElseThrow();
    return models.require(reference(card));
  }

  private static ModelRef reference(ModelCard card) {
    return ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()).build();
  }

  private static float[] answer(NoisePredictor network, ModelCard card) {
    FloatTensor context = FloatTensor.zeros(1, 2, card.unet().contextSize());
    NetworkCall call =
        new NetworkCall(FloatTensor.zeros(1, 4, 8, 8), 500, context, Optional.empty(), false);
    return network.predict(List.of(call), new RunStop()).get(0);
  }

  @Test
  void whatPoolsYamlNamesIsThereFromTheStartAsFarAsItFits() {
    try (PoolModels both = open(Long.MAX_VALUE);
        PoolModels one = open(bytesOfOne());
        PoolModels none = open(0)) {
      assertThat(both.loaded()).isEqualTo(2);
      assertThat(one.loaded()).isEqualTo(1);
      assertThat(none.loaded()).as("one is always let in").isEqualTo(1);
      assertThat(none.size()).as("all are served").isEqualTo(2);
    }
  }

  @Test
  void whatIsAddedIsLoadedWhenAPictureNeedsIt() throws IOException {
    Path more = folder.resolve("more");
    Files.createDirectories(more);
    Files.move(catalogueFolder.resolve("starter"), more.resolve("starter"));
    Files.writeString(catalogueFolder.resolve("pools.yaml"), "default: [starter-turbo]");
    Catalogue catalogue = Catalogue.open(List.of(catalogueFolder, more));

    try (PoolModels models = open(catalogue, Long.MAX_VALUE)) {
      assertThat(models.loaded()).isEqualTo(1);
      PoolModel starter = models.require(reference(catalogue.find("starter").orElseThrow()));
      try (HeldNetwork held = models.network(starter)) {
        assertThat(answer(held.network(), starter.card())).isNotEmpty();
      }
      assertThat(models.loaded()).isEqualTo(2);
    }
  }

  /** With room for one, the other waits until that one's picture is made, and both are made. */
  @Test
  void modelsThatDoNotFitTogetherTakeTurns() throws InterruptedException {
    try (PoolModels models = open(bytesOfOne())) {
      PoolModel turbo = model(models, "starter-turbo");
      PoolModel starter = model(models, "starter");
      CountDownLatch waits = new CountDownLatch(1);
      CompletableFuture<float[]> other;
      try (HeldNetwork held = models.network(turbo)) {
        other =
            CompletableFuture.supplyAsync(
                () -> {
                  try (HeldNetwork waited =
                      models
                          .network(
                              starter,
                              List.of(),
                              List.of(),
                              () -> {
                                waits.countDown();
                                return true;
                              })
                          .orElseThrow()) {
                    return answer(waited.network(), starter.card());
                  }
                });
        waits.await();
        assertThat(other).isNotDone();
        assertThat(answer(held.network(), turbo.card())).isNotEmpty();
      }
      assertThat(other.join()).isNotEmpty();
      assertThat(models.loaded()).isEqualTo(1);
    }
  }

  @Test
  void filesThatAreNotTheManifestsAreFoundBeforeTheyAreUsed() throws IOException {
    Path unet = catalogueFolder.resolve("starter/unet/model.onnx");
    try (PoolModels models = open(0)) {
      PoolModel starter = model(models, "starter");
      byte[] bytes = Files.readAllBytes(unet);
      bytes[bytes.length - 1] ^= 1;
      Files.write(unet, bytes);

      assertThatThrownBy(() -> models.network(starter))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("model_unavailable"))
          .hasMessageContaining("unet/model.onnx");
    }
    assertThatThrownBy(() -> open(Long.MAX_VALUE))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("unet/model.onnx");
  }

  /** Its files are elsewhere then, and others are where they were. */
  @Test
  void aModelWhosePlaceAnotherTakesWhileItIsServedIsStillLoaded() throws IOException {
    try (PoolModels models = open(0)) {
      PoolModel starter = model(models, "starter");
      Path retired = starter.card().retiredFolder();
      Files.createDirectories(retired.getParent());
      Files.move(catalogueFolder.resolve("starter"), retired);
      Starter.copy("starter-turbo", catalogueFolder.resolve("starter"));

      float[] made;
      try (HeldNetwork held = models.network(starter)) {
        made = answer(held.network(), starter.card());
      }
      try (PoolModels original = Starter.models();
          HeldNetwork held = original.network(original.require(reference(starter.card())))) {
        assertThat(made).isEqualTo(answer(held.network(), starter.card()));
      }
    }
  }

  /** A model that took another's place, as an import does it. */
  @Test
  void picturesThatWereAcceptedBeforeGetTheModelOfThen() throws IOException {
    ModelCard before = Catalogue.open(catalogueFolder).find("starter").orElseThrow();
    Path retired = catalogueFolder.resolve("retired/0123456789ab/starter");
    Files.createDirectories(retired.getParent());
    Files.move(catalogueFolder.resolve("starter"), retired);
    Starter.copy("starter", catalogueFolder.resolve("starter"));
    Path manifest = catalogueFolder.resolve("starter/manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"Everyday things", "\"Newer everyday things"));
    Catalogue catalogue = Catalogue.open(catalogueFolder);
    ModelCard now = catalogue.find("starter").orElseThrow();
    assertThat(now.digest()).isNotEqualTo(before.digest());

    try (PoolModels models = open(catalogue, Long.MAX_VALUE)) {
      for (ModelCard version : List.of(before, now)) {
        PoolModel model = models.require(reference(version));
        assertThat(model.card().digest()).isEqualTo(version.digest());
        try (HeldNetwork held = models.network(model)) {
          assertThat(answer(held.network(), model.card())).isNotEmpty();
        }
      }
      assertThat(models.loaded()).as("the networks are the same").isEqualTo(2);
    }
  }
}
