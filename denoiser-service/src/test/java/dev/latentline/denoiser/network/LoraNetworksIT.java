package dev.latentline.denoiser.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The networks of a pool's model with LoRAs. */
class LoraNetworksIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));

  @TempDir static Path folder;
  private static Catalogue catalogue;
  private static PoolModels models;
  private static PoolModel model;

  @BeforeAll
  static void load() throws IOException {
    Path loras = RandomCheckpoint.templates().resolveSibling("golden/loras/tiny-sd1");
    imported(RandomCheckpoint.of("tiny-sd1").write(folder.resolve("it.safetensors")), "my");
    for (String name : List.of("kohya", "locon", "peft")) {
      imported(loras.resolve(name + ".safetensors"), name);
    }
    catalogue =
        Catalogue.open(List.of(HOME.resolve("models/target/catalogue"), folder.resolve("models")));
    ModelCard card = catalogue.find("my").orElseThrow();
    long two = 2 * ModelPart.of(card, card.unet().model()).bytes();
    models = new PoolModels(catalogue, "default", SessionSettings.cpu(1), BatchSizes.none(), two);
    model = models.require(ModelRef.newBuilder().setName("my").setDigest(card.digest()).build());
  }

  @AfterAll
  static void close() {
    models.close();
  }

  private static void imported(Path file, String name) throws IOException {
    CheckpointImport.run(
        ImportOrder.of(file, name, RandomCheckpoint.allTemplates(), folder.resolve("models")),
        note -> {});
  }

  private static Lora lora(String name, float weight) {
    LoraCard card = catalogue.findLora(name).orElseThrow();
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(name).setDigest(card.digest()))
        .setWeight(weight)
        .build();
  }

  private static HeldNetwork network(Lora... loras) {
    return models.network(model, List.of(loras), List.of(), () -> true).orElseThrow();
  }

  private static float[] answer(HeldNetwork held) {
    float[] sample = new float[4 * 8 * 8];
    float[] context = new float[77 * model.card().unet().contextSize()];
    for (int i = 0; i < context.length; i++) {
      sample[i % sample.length] = (float) Math.sin(i);
      context[i] = (float) Math.cos(i);
    }
    NetworkCall call =
        new NetworkCall(
            new FloatTensor(new long[] {1, 4, 8, 8}, sample),
            500,
            new FloatTensor(new long[] {1, 77, model.card().unet().contextSize()}, context),
            Optional.empty(),
            false);
    return held.network().predict(List.of(call), new RunStop()).get(0);
  }

  @Test
  void aSetHasOneNetworkSoThatOnlyItsOwnTasksShareACall() {
    try (HeldNetwork one = network(lora("kohya", 0.5f), lora("peft", -1));
        HeldNetwork same = network(lora("peft", -1), lora("kohya", 0.5f));
        HeldNetwork none = network()) {
      assertThat(same.network()).isSameAs(one.network());
      assertThat(one.network()).isNotSameAs(none.network());
    }
  }

  @Test
  void theModelItselfIsUsedWhereNothingChanges() {
    try (HeldNetwork none = network();
        HeldNetwork nothing = network(lora("kohya", 0), lora("locon", 0))) {
      assertThat(nothing.network()).isSameAs(none.network());
    }
  }

  @Test
  void aSetThatIsLoadedAgainGivesTheSameBits() {
    float[] first;
    try (HeldNetwork held = network(lora("locon", 0.25f))) {
      first = answer(held);
    }
    // take the room
    try (HeldNetwork other = network(lora("locon", 0.26f));
        HeldNetwork none = network()) {
      assertThat(answer(other)).isNotEqualTo(first);
      assertThat(answer(none)).isNotEqualTo(first);
    }
    try (HeldNetwork again = network(lora("locon", 0.25f))) {
      assertThat(answer(again)).isEqualTo(first);
    }
  }

  @Test
  void whoDoesNotWantItAnyMoreLeavesTheLine() {
    try (HeldNetwork held = network(lora("kohya", 1));
        HeldNetwork none = network()) {
      assertThat(models.network(model, List.of(lora("kohya", 2)), List.of(), () -> false))
          .isEmpty();
      assertThat(held.network()).isNotSameAs(none.network());
    }
  }

  @Test
  void aLoraThatWasAlteredIsRefused() throws IOException {
    Path file = folder.resolve("models/loras/peft/lora.safetensors");
    byte[] whole = Files.readAllBytes(file);
    byte[] altered = whole.clone();
    altered[altered.length - 1] ^= 1;
    Files.write(file, altered);
    try {
      assertThatThrownBy(() -> network(lora("peft", 0.125f)))
          .isInstanceOf(Failure.Rejected.class)
          .hasMessageContaining("The file of the LoRA peft is not the one of its manifest");
    } finally {
      Files.write(file, whole);
    }
  }
}
