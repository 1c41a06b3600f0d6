package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same as {@link LoraParityIT} for models with a transformer. */
class TransformerLoraParityIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  /** As parity/golden_transformer_loras.py has them. */
  private static final Map<String, Map<String, Float>> CASES =
      Map.of(
          "kohya", Map.of("kohya", 0.8f),
          "original", Map.of("original", -0.5f),
          "peft", Map.of("peft", 1f),
          "two", Map.of("peft", -0.6f, "kohya", 0.8f));

  @TempDir Path folder;
  private Catalogue catalogue;
  private ModelCard model;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-flux-dev", "tiny-sd3", "tiny-sd3.5"})
  void everyLayoutAndTwoAtOnceAgreeWithDiffusers(String family) throws Exception {
    prepare(family);
    Golden golden = Golden.of("loras/" + family + "/golden");

    assertAll(
        CASES.entrySet().stream()
            .map(one -> () -> compare(one.getKey(), loras(one.getValue()), golden)));
  }

  private void prepare(String family) throws IOException {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("my.safetensors"));
    Path models = folder.resolve("models");
    CheckpointImport.run(Orders.of(file, models), note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    for (String name : List.of("kohya", "original", "peft")) {
      Path lora = home.resolve("parity/golden/loras/" + family + "/" + name + ".safetensors");
      CheckpointImport.run(ImportOrder.of(lora, name, Orders.TEMPLATES, models), note -> {});
    }
    catalogue = Catalogue.open(List.of(home.resolve("models/target/catalogue"), models));
    model = catalogue.find("my-model").orElseThrow();
    assertThat(catalogue.lorasOf(model))
        .hasSize(3)
        .allSatisfy(lora -> assertThat(lora.families()).containsExactly(model.family()));
  }

  private LoraSet loras(Map<String, Float> weights) {
    List<Lora> wanted = new ArrayList<>();
    weights.forEach(
        (name, weight) -> {
          String digest = catalogue.findLora(name).orElseThrow().digest();
          wanted.add(
              Lora.newBuilder()
                  .setLora(ModelRef.newBuilder().setName(name).setDigest(digest))
                  .setWeight(weight)
                  .build());
        });
    return LoraSet.of(catalogue, model, wanted);
  }

  private void compare(String named, LoraSet loras, Golden golden) throws IOException {
    for (TextEncoder encoder : model.textEncoders()) {
      String pooled = named + "." + encoder.model().split("/")[0] + ".pooled";
      if (golden.has(pooled)) {
        // what stands behind a text changes nothing
        long[] ids = Arrays.copyOf(golden.longs("ids").data(), encoder.maxTokens());
        try (ModelSession session = ModelPart.of(model, encoder.model(), loras).open(CPU)) {
          golden.assertSame(
              pooled,
              session.run(
                  Map.of("input_ids", new LongTensor(new long[] {1, ids.length}, ids)),
                  encoder.pooled().orElseThrow().output(),
                  new RunStop()));
        }
      }
    }
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("transformer.sample"));
    inputs.put("timestep", golden.floats("transformer.timestep"));
    inputs.put("encoder_hidden_states", golden.floats("transformer.context"));
    inputs.put("text_embeds", golden.floats("transformer.pooled"));
    if (golden.has("transformer.guidance")) {
      inputs.put("guidance", golden.floats("transformer.guidance"));
    }
    try (ModelSession network = ModelPart.of(model, model.unet().model(), loras).open(CPU)) {
      golden.assertSame(named + ".transformer.out_sample", network.run(inputs));
    }
  }
}
