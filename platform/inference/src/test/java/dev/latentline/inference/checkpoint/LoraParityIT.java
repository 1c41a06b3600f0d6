package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.lora.LoraSet;
import dev.latentline.inference.lora.MergedWeights;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
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
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models changed by imported LoRAs compute what diffusers and PEFT compute with the same files. */
class LoraParityIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  /** As parity/golden_loras.py has them. */
  private static final Map<String, Map<String, Float>> CASES =
      Map.of(
          "kohya", Map.of("kohya", 0.8f),
          "locon", Map.of("locon", -0.5f),
          "tucker", Map.of("tucker", 0.7f),
          "peft", Map.of("peft", 1f),
          "two", Map.of("peft", -0.6f, "kohya", 0.8f));

  @TempDir Path folder;
  private Catalogue catalogue;
  private ModelCard model;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sdxl"})
  void everyLayoutAndTwoAtOnceAgreeWithDiffusers(String family) throws Exception {
    prepare(family);
    Golden golden = Golden.of("loras/" + family + "/golden");

    assertAll(
        CASES.entrySet().stream()
            .map(one -> () -> compare(one.getKey(), loras(one.getValue()), golden)));
  }

  @Test
  void aWeightOfNothingLeavesTheModelAsItIs() throws Exception {
    prepare("tiny-sd1");

    assertThat(loras(Map.of("kohya", 0f, "peft", 0f)).isEmpty()).isTrue();
    assertThat(loras(Map.of("kohya", 0f, "peft", 1f))).isEqualTo(loras(Map.of("peft", 1f)));
  }

  @Test
  void theOrderInWhichLorasAreNamedIsOfNoMeaning() throws Exception {
    prepare("tiny-sd1");
    Lora one = pinned("kohya", 0.5f);
    Lora two = pinned("peft", 0.25f);

    assertThat(LoraSet.of(catalogue, model, List.of(one, two)))
        .isEqualTo(LoraSet.of(catalogue, model, List.of(two, one)))
        .hasSameHashCodeAs(LoraSet.of(catalogue, model, List.of(two, one)));
    assertThat(LoraSet.of(catalogue, model, List.of(one, one)))
        .isEqualTo(LoraSet.of(catalogue, model, List.of(pinned("kohya", 1f))));
  }

  private void prepare(String family) throws IOException {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("my.safetensors"));
    Path models = folder.resolve("models");
    CheckpointImport.run(Orders.of(file, models), note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    for (String name : List.of("kohya", "locon", "tucker", "peft")) {
      Path lora = home.resolve("parity/golden/loras/" + family + "/" + name + ".safetensors");
      CheckpointImport.run(ImportOrder.of(lora, name, Orders.TEMPLATES, models), note -> {});
    }
    catalogue = Catalogue.open(List.of(home.resolve("models/target/catalogue"), models));
    model = catalogue.find("my-model").orElseThrow();
    assertThat(catalogue.lorasOf(model)).hasSize(4);
  }

  private Lora pinned(String name, float weight) {
    String digest = catalogue.findLora(name).orElseThrow().digest();
    return Lora.newBuilder()
        .setLora(ModelRef.newBuilder().setName(name).setDigest(digest))
        .setWeight(weight)
        .build();
  }

  private LoraSet loras(Map<String, Float> weights) {
    List<Lora> wanted = new ArrayList<>();
    weights.forEach((name, weight) -> wanted.add(pinned(name, weight)));
    return LoraSet.of(catalogue, model, wanted);
  }

  private void compare(String named, LoraSet loras, Golden golden) throws IOException {
    List<FloatTensor> states = new ArrayList<>();
    FloatTensor pooled = null;
    for (int number = 0; number < model.textEncoders().size(); number++) {
      TextEncoder encoder = model.textEncoders().get(number);
      try (ModelSession session = open(encoder.model(), loras)) {
        Map<String, LongTensor> inputs = Map.of("input_ids", padded(golden, encoder));
        FloatTensor found = session.run(inputs, encoder.output(), new RunStop());
        golden.assertSame(named + ".text." + number + ".states", found);
        states.add(found);
        if (encoder.pooled().isPresent()) {
          pooled = session.run(inputs, encoder.pooled().get().output(), new RunStop());
          golden.assertSame(named + ".text.pooled", pooled);
        }
      }
    }
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("sample"));
    inputs.put("timestep", golden.floats("timestep"));
    inputs.put("encoder_hidden_states", sideBySide(states));
    if (pooled != null) {
      inputs.put("text_embeds", pooled);
      float[] ids = {64, 64, 0, 0, 64, 64};
      inputs.put("time_ids", new FloatTensor(new long[] {1, 6}, ids));
    }
    try (ModelSession network = open(model.unet().model(), loras)) {
      inputs.putAll(Residuals.none(network));
      golden.assertSame(named + ".unet.out_sample", network.run(inputs));
    }
  }

  private ModelSession open(String graph, LoraSet loras) throws IOException {
    Path weights = model.weightsOf(graph).orElseThrow();
    String part = graph.substring(0, graph.indexOf('/'));
    return ModelSession.open(
        model.file(graph), Optional.of(weights), MergedWeights.of(weights, part, loras), CPU);
  }

  private static LongTensor padded(Golden golden, TextEncoder encoder) throws IOException {
    long[] ids = golden.longs("ids").data();
    long[] all = Arrays.copyOf(ids, 77);
    Arrays.fill(all, ids.length, 77, encoder.padId().orElseThrow());
    return new LongTensor(new long[] {1, 77}, all);
  }

  private static FloatTensor sideBySide(List<FloatTensor> states) {
    int width = states.stream().mapToInt(s -> (int) s.shape()[2]).sum();
    float[] all = new float[77 * width];
    int column = 0;
    for (FloatTensor part : states) {
      int own = (int) part.shape()[2];
      for (int token = 0; token < 77; token++) {
        System.arraycopy(part.data(), token * own, all, token * width + column, own);
      }
      column += own;
    }
    return new FloatTensor(new long[] {1, 77, width}, all);
  }
}
