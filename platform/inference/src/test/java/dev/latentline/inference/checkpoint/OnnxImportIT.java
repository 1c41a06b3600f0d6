package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import dev.latentline.testkit.RandomOnnxFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models whose parts others exported as ONNX graphs. */
class OnnxImportIT {
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sdxl"})
  void everyPartAgreesWithDiffusers(String family) throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of(family, folder.resolve("onnx"));
    Golden golden = Golden.of("onnx/" + family + "/golden");

    ModelCard model = imported(Orders.of(written.path(), models()));

    assertThat(model.verify()).isEmpty();
    assertThat(model.family())
        .isEqualTo(
            family.equals("tiny-sd1") ? "stable-diffusion-1-tiny" : "stable-diffusion-xl-tiny");
    assertThat(model.takesLoras()).isFalse();
    assertThat(model.vae().latentRgb()).isPresent();
    assertThat(model.unet().controlled()).isEmpty();
    List<FloatTensor> states = textEncoders(model, golden);
    try (ModelSession decoder = open(model, model.vae().decoder())) {
      golden.assertSame(
          "vae.sample", decoder.run(Map.of("latent_sample", golden.floats("vae.latent_sample"))));
    }
    Map<String, DenseTensor> inputs = new HashMap<>();
    inputs.put("sample", golden.floats("unet.sample"));
    inputs.put("encoder_hidden_states", sideBySide(states));
    if (family.equals("tiny-sd1")) {
      inputs.put("timestep", new LongTensor(new long[0], new long[] {481}));
    } else {
      inputs.put("timestep", new FloatTensor(new long[] {1}, new float[] {481}));
      inputs.put("text_embeds", golden.floats("text_embeds"));
      inputs.put(
          "time_ids", new FloatTensor(new long[] {1, 6}, new float[] {64, 96, 0, 0, 64, 96}));
    }
    try (ModelSession network = open(model, model.unet().model())) {
      golden.assertSame("unet.out_sample", network.run(inputs));
    }
  }

  private static List<FloatTensor> textEncoders(ModelCard model, Golden golden) throws IOException {
    List<FloatTensor> states = new ArrayList<>();
    for (TextEncoder encoder : model.textEncoders()) {
      String part = encoder.model().substring(0, encoder.model().indexOf('/'));
      try (ModelSession session = open(model, encoder.model())) {
        Map<String, LongTensor> ids = Map.of("input_ids", golden.longs("ids"));
        states.add(session.run(ids, encoder.output(), new RunStop()));
        golden.assertSame(part + ".states", states.get(states.size() - 1));
        if (encoder.pooled().isPresent()) {
          golden.assertSame(
              "text_embeds", session.run(ids, encoder.pooled().get().output(), new RunStop()));
        }
        assertThat(session.outputs()).containsAll(encoder.skipOutputs());
      }
    }
    return states;
  }

  private static FloatTensor sideBySide(List<FloatTensor> states) {
    int width = states.stream().mapToInt(each -> (int) each.shape()[2]).sum();
    float[] all = new float[77 * width];
    int column = 0;
    for (FloatTensor each : states) {
      int own = (int) each.shape()[2];
      for (int token = 0; token < 77; token++) {
        System.arraycopy(each.data(), token * own, all, token * width + column, own);
      }
      column += own;
    }
    return new FloatTensor(new long[] {1, 77, width}, all);
  }

  private static ModelSession open(ModelCard model, String graph) {
    return ModelSession.open(model.file(graph), model.weightsOf(graph), CPU);
  }

  @Test
  void whatTheFolderSaysIsTaken() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    written.json("vae_decoder/config.json", object().put("scaling_factor", 0.25));
    written.json(
        "scheduler/scheduler_config.json",
        object().put("prediction_type", "v_prediction").put("steps_offset", 3));

    ModelCard model = imported(Orders.of(written.path(), models()));

    assertThat(model.vae().scalingFactor()).isEqualTo(0.25);
    assertThat(model.scheduler().stepsOffset()).isEqualTo(3);
    assertThat(model.scheduler().predictionType().name()).isEqualTo("V_PREDICTION");
    // the states before the last layer have not passed the final norm
    assertThat(model.maxClipSkip()).isEqualTo(1);
    assertThat(model.hasChunks()).isTrue();
  }

  @Test
  void whatTheFolderSaysIsNotIgnoredWhereItIsNotComputed() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    ImportOrder order = Orders.of(written.path(), models());
    ObjectNode decoder = object();
    decoder.putArray("latents_mean").add(0).add(1).add(0).add(1);
    written.json("vae_decoder/config.json", decoder);
    assertRefused(order, "vae_decoder/config.json has latents_mean: each channel");

    written.json("vae_decoder/config.json", object());
    written.json(
        "scheduler/scheduler_config.json", object().put("_class_name", "EDMEulerScheduler"));
    assertRefused(order, "names EDMEulerScheduler: it was trained with the noise of EDM");
  }

  @ParameterizedTest
  @CsvSource({
    "unet/model.onnx, lacks unet/model.onnx",
    "text_encoder/model.onnx, lacks text_encoder/model.onnx",
    "vae_decoder/model.onnx, lacks vae_decoder/model.onnx",
    "vae_encoder/model.onnx, lacks vae_encoder/model.onnx",
    "tokenizer/vocab.json, lacks tokenizer/vocab.json",
    "unet/weights.pb, 'from weights.pb, which is no file beside it'",
  })
  void whatIsMissingIsNamed(String file, String said) throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    Files.delete(written.path().resolve(file));

    assertRefused(Orders.of(written.path(), models()), said);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../secret1", "/etc/passwd", "sub/file.1", "weights_pb"})
  void dataOutsideTheFolderAreRefused(String location) throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    Path unet = written.path().resolve("unet");
    Files.writeString(written.path().resolve("secret1"), "secret");
    Files.createDirectories(unet.resolve("sub"));
    Files.writeString(unet.resolve("sub/file.1"), "secret");
    Files.createSymbolicLink(unet.resolve("weights_pb"), written.path().resolve("secret1"));
    Files.write(unet.resolve("model.onnx"), tensorElsewhere(location));

    assertRefused(
        Orders.of(written.path(), models()), "from " + location + ", which is no file beside it");
  }

  /** A model of one tensor: graph { initializer { external_data { location } } }. */
  private static byte[] tensorElsewhere(String location) {
    byte[] entry = message(1, "location".getBytes(StandardCharsets.UTF_8));
    entry = joined(entry, message(2, location.getBytes(StandardCharsets.UTF_8)));
    return message(7, message(5, message(13, entry)));
  }

  private static byte[] message(int field, byte[] content) {
    byte[] head = {(byte) (field << 3 | 2), (byte) content.length};
    return joined(head, content);
  }

  private static byte[] joined(byte[] first, byte[] second) {
    return ByteString.copyFrom(first).concat(ByteString.copyFrom(second)).toByteArray();
  }

  @Test
  void dataThatAreCutAreRefused() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    Path weights = written.path().resolve("unet/weights.pb");
    byte[] all = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(all, all.length - 1));

    assertRefused(Orders.of(written.path(), models()), "unet/weights.pb is cut");
  }

  @Test
  void whatIsNoGraphOrAnotherIsRefused() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    ImportOrder order = Orders.of(written.path(), models());
    for (String file : List.of("model.onnx", "weights.pb")) {
      Files.copy(
          written.path().resolve("vae_decoder").resolve(file),
          written.path().resolve("unet").resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }
    assertRefused(order, "unet/model.onnx takes [latent_sample] and gives [sample]");

    Files.writeString(written.path().resolve("unet/model.onnx"), "no graph");
    assertRefused(order, "unet/model.onnx is no ONNX model");
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    written.json("tokenizer/vocab.json", object().put("a</w>", 0));

    assertRefused(
        Orders.of(written.path(), models()), "tokenizer/vocab.json is not CLIP's vocabulary");
  }

  @Test
  void aPartOfAnotherModelIsRefused() throws IOException {
    RandomOnnxFolder written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx"));
    RandomOnnxFolder xl = RandomOnnxFolder.of("tiny-sdxl", folder.resolve("xl"));
    Files.move(xl.path().resolve("text_encoder_2"), written.path().resolve("text_encoder_2"));

    assertRefused(Orders.of(written.path(), models()), "is of no family that is known here");
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static void assertRefused(ImportOrder order, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
    assertThat(order.models())
        .satisfiesAnyOf(
            models -> assertThat(models).doesNotExist(),
            models -> assertThat(models).isEmptyDirectory());
  }

  private static ModelCard imported(ImportOrder order) throws IOException {
    CheckpointImport.run(order, note -> {});
    Path home = Path.of(System.getProperty("latentline.home"));
    Optional<ModelCard> model =
        Catalogue.open(List.of(home.resolve("models/target/catalogue"), order.models()))
            .find(order.name());
    return model.orElseThrow();
  }

  private Path models() {
    return folder.resolve("models");
  }
}
