package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.LatentRgb;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.testkit.RandomCheckpoint;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Previews of imported models show roughly what their decoders make of latents. */
class PreviewFitIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final SessionSettings CPU = SessionSettings.cpu(1);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd1", "tiny-sd2", "tiny-sdxl"})
  void anImportedModelHasPreviewsLikeItsPictures(String family) throws Exception {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("my.safetensors"));
    ImportOrder order = Orders.of(file, folder.resolve("models"), null, "epsilon");
    List<String> notes = new ArrayList<>();
    CheckpointImport.run(order, notes::add);
    ModelCard model = model(order.name(), order.models());

    assertThat(notes).contains("fitting previews");
    LatentRgb map = model.vae().latentRgb().orElseThrow();
    assertThat(map.factors()).hasSize(4);
    // a constant explains nothing, colours or channels in another order less than that; and random
    // weights mix all latents, so that one alone tells little of its pixels
    assertThat(explained(map, model, latents(model, new Random(99)))).as(family).isGreaterThan(0.1);
  }

  @Test
  void aFitToRandomLatentsHoldsForRealPictures() throws Exception {
    ModelCard starter = model("starter");
    List<FloatTensor> latents = new ArrayList<>();
    try (ModelSession encoder = open(starter, starter.vae().encoder());
        Stream<Path> pictures = Files.list(HOME.resolve("docs/pictures"))) {
      for (Path picture : pictures.sorted().toList()) {
        latents.add(encoder.run(Map.of("sample", pixels(picture))));
      }
    }
    LatentRgb fitted;
    try (ModelSession decoder = open(starter, starter.vae().decoder())) {
      fitted = map(new PreviewFit(decoder, 4, 8, starter.vae().scalingFactor(), 0).fit());
    }

    assertThat(latents).hasSizeGreaterThan(5);
    double toPictures = explained(starter.vae().latentRgb().orElseThrow(), starter, latents);
    double toRandom = explained(fitted, starter, latents);
    // 0.85 and 0.87 where this was written
    assertThat(toRandom).isGreaterThan(0.8).isGreaterThan(toPictures - 0.05);
  }

  @Test
  void aDecoderThatGivesNoNumbersIsRefusedWithWhatHelps() throws Exception {
    Path file = RandomCheckpoint.of("tiny-sd1").write(folder.resolve("my.safetensors"));
    breakTensor(file, "first_stage_model.decoder.conv_out.bias");
    ImportOrder order = Orders.of(file, folder.resolve("models"));

    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("autoencoder is broken")
        .hasMessageContaining("--vae");
    assertThat(folder.resolve("models")).isEmptyDirectory();
  }

  @Test
  void aDecoderThatDoesNotRunIsRefused() throws Exception {
    Path template = Files.createDirectories(folder.resolve("templates/tiny-sd1"));
    try (Stream<Path> files = Files.list(RandomCheckpoint.templates().resolve("tiny-sd1"))) {
      for (Path file : files.toList()) {
        Files.copy(file, template.resolve(file.getFileName()));
      }
    }
    // takes pixels instead of latents, and has other weights
    Files.copy(
        template.resolve("vae_encoder.onnx.gz"),
        template.resolve("vae_decoder.onnx.gz"),
        StandardCopyOption.REPLACE_EXISTING);
    ImportOrder order =
        ImportOrder.of(
            RandomCheckpoint.of("tiny-sd1").write(folder.resolve("my.safetensors")),
            "my-model",
            List.of(Orders.TEMPLATES.get(0), template.getParent()),
            folder.resolve("models"));

    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("its decoder cannot be tried: the weights of vae_decoder/model.onnx");
    assertThat(folder.resolve("models")).isEmptyDirectory();
  }

  @Test
  void aTemplateThatIsWrongAboutTheDecoderIsRefused() {
    ModelCard starter = model("starter");
    try (ModelSession decoder = open(starter, starter.vae().decoder())) {
      PreviewFit fit = new PreviewFit(decoder, 4, 4, starter.vae().scalingFactor(), 0);

      assertThatThrownBy(fit::fit)
          .isInstanceOf(RefusedCheckpointException.class)
          .hasMessageContaining("vae.scale_factor 4, and the decoder makes [1, 3, 128, 128]");
    }
  }

  private static ModelCard model(String name, Path... folders) {
    List<Path> all = new ArrayList<>(List.of(HOME.resolve("models/target/catalogue")));
    all.addAll(List.of(folders));
    return Catalogue.open(all).find(name).orElseThrow();
  }

  private static ModelSession open(ModelCard model, String graph) {
    return ModelSession.open(model.file(graph), model.weightsOf(graph), CPU);
  }

  /** In the decoder's scale: of two areas each, with a little of everything else. */
  private static List<FloatTensor> latents(ModelCard model, Random random) {
    List<FloatTensor> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      float[] values = new float[4 * 12 * 16];
      for (int channel = 0; channel < 4; channel++) {
        double[] areas = {random.nextGaussian(), random.nextGaussian()};
        for (int place = 0; place < 12 * 16; place++) {
          double value = areas[place / 16 < 6 ? 0 : 1] + 0.3 * random.nextGaussian();
          values[channel * 12 * 16 + place] = (float) (value / model.vae().scalingFactor());
        }
      }
      all.add(new FloatTensor(new long[] {1, 4, 12, 16}, values));
    }
    return all;
  }

  private static FloatTensor pixels(Path file) throws IOException {
    BufferedImage picture = ImageIO.read(file.toFile());
    int side = picture.getWidth();
    float[] values = new float[3 * side * side];
    for (int place = 0; place < side * side; place++) {
      int rgb = picture.getRGB(place % side, place / side);
      for (int colour = 0; colour < 3; colour++) {
        values[colour * side * side + place] = (rgb >> (16 - 8 * colour) & 255) / 127.5f - 1;
      }
    }
    return new FloatTensor(new long[] {1, 3, side, side}, values);
  }

  private static LatentRgb map(double[][] rows) {
    List<List<Double>> lists =
        Arrays.stream(rows).map(row -> Arrays.stream(row).boxed().toList()).toList();
    return new LatentRgb(lists.subList(0, rows.length - 1), lists.get(rows.length - 1));
  }

  /** R^2: which share of the variance of the decoded 8 x 8 pixels' mean colours a map predicts. */
  private static double explained(LatentRgb map, ModelCard model, List<FloatTensor> latents) {
    double[] sum = new double[3];
    double squares = 0;
    double error = 0;
    int count = 0;
    try (ModelSession decoder = open(model, model.vae().decoder())) {
      for (FloatTensor latent : latents) {
        FloatTensor decoded = decoder.run(Map.of("latent_sample", latent));
        int height = (int) latent.shape()[2];
        int width = (int) latent.shape()[3];
        for (int place = 0; place < height * width; place++) {
          count++;
          for (int colour = 0; colour < 3; colour++) {
            double mean = mean(decoded, colour, place / width, place % width);
            double shown = map.bias().get(colour);
            for (int channel = 0; channel < 4; channel++) {
              shown +=
                  map.factors().get(channel).get(colour)
                      * latent.data()[channel * height * width + place]
                      * model.vae().scalingFactor();
            }
            sum[colour] += mean;
            squares += mean * mean;
            error += (shown - mean) * (shown - mean);
          }
        }
      }
    }
    double ofMeans = 0;
    for (double ofColour : sum) {
      ofMeans += ofColour * ofColour / count;
    }
    return 1 - error / (squares - ofMeans);
  }

  private static double mean(FloatTensor decoded, int colour, int y, int x) {
    int width = (int) decoded.shape()[3];
    int plane = (int) decoded.shape()[2] * width;
    double sum = 0;
    for (int i = 0; i < 64; i++) {
      sum += decoded.data()[colour * plane + (8 * y + i / 8) * width + 8 * x + i % 8];
    }
    return sum / 64;
  }

  /** Makes the first number of an fp16 tensor none. */
  private static void breakTensor(Path file, String tensor) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) buffer.getLong(0);
    JsonNode stated = new ObjectMapper().readTree(bytes, 8, header);
    int at = stated.get(tensor).get("data_offsets").get(0).asInt();
    buffer.putShort(8 + header + at, (short) 0x7e00);
    Files.write(file, bytes);
  }
}
