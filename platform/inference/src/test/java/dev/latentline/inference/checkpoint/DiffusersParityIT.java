package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
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

/** Imported checkpoints compute what diffusers computes with the same file. */
class DiffusersParityIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-sd1",
        "tiny-sd2",
        "tiny-sdxl",
        "tiny-sd1-lcm",
        "tiny-sdxl-lcm",
        "tiny-sd1-inpainting",
        "tiny-sd2-inpainting",
        "tiny-sdxl-inpainting",
        "tiny-sdxl-refiner"
      })
  void everyPartOfAnImportedCheckpointAgreesWithDiffusers(String family) throws Exception {
    Golden golden = Golden.of(family);
    Path file = RandomCheckpoint.of(family).write(folder.resolve("my.safetensors"));
    ImportOrder order =
        Orders.of(file, folder.resolve("models"), golden.checkpointSha256(), "epsilon");

    ModelCard model = imported(order);

    assertThat(model.verify()).isEmpty();
    FloatTensor context = textEncoders(model, golden);
    unet(model, golden, context);
    try (ModelSession decoder = open(model, model.vae().decoder())) {
      golden.assertSame(
          "vae.sample", decoder.run(Map.of("latent_sample", golden.floats("vae.latent_sample"))));
    }
    try (ModelSession encoder = open(model, model.vae().encoder())) {
      golden.assertSame("vae.encoded", encoder.run(Map.of("sample", golden.floats("vae.pixels"))));
    }
  }

  private static ModelCard imported(ImportOrder order) throws IOException {
    CheckpointImport.run(order, note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    return Catalogue.open(List.of(home.resolve("models/target/catalogue"), order.models()))
        .find(order.name())
        .orElseThrow();
  }

  private static ModelSession open(ModelCard model, String graph) {
    return ModelSession.open(model.file(graph), model.weightsOf(graph), CPU);
  }

  /** Of both prompts; side by side where there are two encoders. */
  private static FloatTensor textEncoders(ModelCard model, Golden golden) throws IOException {
    List<FloatTensor> states = new ArrayList<>();
    for (int number = 0; number < model.textEncoders().size(); number++) {
      TextEncoder encoder = model.textEncoders().get(number);
      List<Float> pooled = new ArrayList<>();
      try (ModelSession session = open(model, encoder.model())) {
        for (int row = 0; row < 2; row++) {
          LongTensor ids =
              padded(golden.longs("text." + number + ".ids." + row), encoder.padId().orElseThrow());
          Map<String, LongTensor> inputs = Map.of("input_ids", ids);
          FloatTensor found = session.run(inputs, encoder.output(), new RunStop());
          golden.assertSame("text." + number + ".states." + row, found);
          states.add(found);
          if (row == 0 && golden.has("text." + number + ".skipped.0")) {
            golden.assertSame(
                "text." + number + ".skipped.0", session.run(inputs, "states.1", new RunStop()));
          }
          if (encoder.pooled().isPresent()) {
            String output = encoder.pooled().get().output();
            for (float value : session.run(inputs, output, new RunStop()).data()) {
              pooled.add(value);
            }
          }
        }
      }
      if (!pooled.isEmpty()) {
        float[] values = new float[pooled.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] = pooled.get(i);
        }
        golden.assertSame(
            "text.pooled", new FloatTensor(new long[] {2, values.length / 2}, values));
      }
    }
    return sideBySide(states, model.unet().contextSize());
  }

  private static LongTensor padded(LongTensor ids, long padId) {
    long[] all = new long[77];
    Arrays.fill(all, padId);
    System.arraycopy(ids.data(), 0, all, 0, ids.data().length);
    return new LongTensor(new long[] {1, 77}, all);
  }

  /**
   * @param states of each encoder both rows, [1, 77, width]
   */
  private static FloatTensor sideBySide(List<FloatTensor> states, int width) {
    float[] all = new float[2 * 77 * width];
    int column = 0;
    for (int encoder = 0; encoder < states.size() / 2; encoder++) {
      int own = (int) states.get(2 * encoder).shape()[2];
      for (int row = 0; row < 2; row++) {
        float[] data = states.get(2 * encoder + row).data();
        for (int token = 0; token < 77; token++) {
          System.arraycopy(data, token * own, all, (row * 77 + token) * width + column, own);
        }
      }
      column += own;
    }
    return new FloatTensor(new long[] {2, 77, width}, all);
  }

  private static void unet(ModelCard model, Golden golden, FloatTensor context) throws IOException {
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("unet.sample"));
    inputs.put("timestep", golden.floats("unet.timestep"));
    inputs.put("encoder_hidden_states", context);
    if (model.unet().timeIds() > 0) {
      inputs.put("text_embeds", golden.floats("text.pooled"));
      inputs.put("time_ids", golden.floats("unet.time_ids"));
    }
    if (model.unet().guidanceSize() > 0) {
      inputs.put("timestep_cond", golden.floats("unet.timestep_cond"));
    }
    try (ModelSession network = open(model, model.unet().model())) {
      inputs.putAll(Residuals.none(network));
      golden.assertSame("unet.out_sample", network.run(inputs));
    }
  }
}
