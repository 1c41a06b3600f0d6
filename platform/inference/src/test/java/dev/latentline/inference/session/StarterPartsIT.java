package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Those of the starter's graphs that draw nothing by themselves do what its README says of them.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StarterPartsIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final ModelCard STARTER =
      Catalogue.open(HOME.resolve("models/target/catalogue")).find("starter").orElseThrow();

  /** Pictures of the documentation, with the tokens of "a", what they show, and the ends. */
  private static final Map<String, long[]> CAPTIONS =
      Map.of(
          "apple", new long[] {101, 1037, 6207, 102},
          "castle", new long[] {101, 1037, 3317, 102},
          "cat", new long[] {101, 1037, 4937, 102},
          "fox", new long[] {101, 1037, 4419, 102},
          "lion", new long[] {101, 1037, 7006, 102},
          "owl", new long[] {101, 1037, 13547, 102},
          "panda", new long[] {101, 1037, 25462, 102},
          "rocket", new long[] {101, 1037, 7596, 102});

  @ParameterizedTest
  @ValueSource(strings = {"apple", "owl", "rocket"})
  void aPictureComesBackFromItsLatents(String name) throws IOException {
    FloatTensor picture = pixels(name);
    try (ModelSession encoder = open(STARTER.vae().encoder());
        ModelSession decoder = open(STARTER.vae().decoder())) {
      FloatTensor latents = encoder.run(Map.of("sample", picture));
      FloatTensor decoded = decoder.run(Map.of("latent_sample", latents));

      assertThat(latents.shape()).containsExactly(1, 4, 16, 16);
      // 43.1, 37.4 and 35.8 dB where this was written
      assertThat(psnr(decoded.data(), picture.data())).isGreaterThan(34);
    }
  }

  @Test
  void everyPictureIsNearestToItsOwnCaption() throws IOException {
    List<String> names = CAPTIONS.keySet().stream().sorted().toList();
    List<double[]> captions = new ArrayList<>();
    try (ModelSession text = open(STARTER.textEncoders().get(0).model());
        ModelSession images = open("image_encoder/model.onnx")) {
      for (String name : names) {
        captions.add(normalised(meanOfStates(text, CAPTIONS.get(name))));
      }
      for (String name : names) {
        double[] features = normalised(doubles(images.run(Map.of("sample", pixels(name))).data()));

        String nearest =
            IntStream.range(0, names.size())
                .boxed()
                .max(
                    (a, b) ->
                        Double.compare(
                            dot(features, captions.get(a)), dot(features, captions.get(b))))
                .map(names::get)
                .orElseThrow();
        assertThat(nearest).isEqualTo(name);
      }
    }
  }

  @Test
  void theControlledGraphIsTheUNetPlusWhatTheControlNetMakesOfEdges() {
    Map<String, DenseTensor> inputs =
        Map.of(
            "sample", noise(1, 4, 16, 16),
            "timestep", new LongTensor(new long[] {1}, new long[] {500}),
            "encoder_hidden_states", noise(1, 12, 384));
    try (ModelSession unet = open(STARTER.unet().model());
        ModelSession controlled = open("unet/controlled.onnx");
        ModelSession controlNet =
            ModelSession.open(
                HOME.resolve("models/controlnets/starter-edges/model.onnx"),
                SessionSettings.cpu(1))) {
      float[] plain = unet.run(inputs).data();
      Map<String, DenseTensor> none = residuals(controlNet, inputs, 0);
      Map<String, DenseTensor> some = residuals(controlNet, inputs, 1);

      assertThat(none.values()).allMatch(StarterPartsIT::isZero);
      assertThat(some.values()).noneMatch(StarterPartsIT::isZero);
      // both graphs are computed in the same way, but for sums of the residuals
      assertThat(psnr(controlled.run(joined(inputs, none)).data(), plain)).isGreaterThan(100);
      assertThat(psnr(controlled.run(joined(inputs, some)).data(), plain)).isLessThan(60);
    }
  }

  private static boolean isZero(DenseTensor residual) {
    for (float value : ((FloatTensor) residual).data()) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  private static Map<String, DenseTensor> residuals(
      ModelSession controlNet, Map<String, DenseTensor> inputs, float scale) {
    FloatTensor edges = FloatTensor.zeros(1, 3, 128, 128);
    for (int y = 32; y < 96; y++) {
      for (int channel = 0; channel < 3; channel++) {
        edges.data()[(channel * 128 + y) * 128 + 40] = 1;
        edges.data()[(channel * 128 + y) * 128 + 88] = 1;
      }
    }
    Map<String, DenseTensor> all =
        joined(
            inputs,
            Map.of(
                "controlnet_cond",
                edges,
                "conditioning_scale",
                new FloatTensor(new long[] {}, new float[] {scale})));
    Map<String, DenseTensor> found = new HashMap<>();
    controlNet
        .run(all, controlNet.outputs(), new RunStop())
        .forEach((name, r) -> found.put(name.replace("res_sample", "additional_residual"), r));
    return found;
  }

  private static Map<String, DenseTensor> joined(
      Map<String, DenseTensor> one, Map<String, DenseTensor> other) {
    Map<String, DenseTensor> both = new HashMap<>(one);
    both.putAll(other);
    return both;
  }

  private static ModelSession open(String graph) {
    return ModelSession.open(STARTER.file(graph), SessionSettings.cpu(1));
  }

  private static FloatTensor pixels(String name) throws IOException {
    BufferedImage image = ImageIO.read(HOME.resolve("docs/pictures/" + name + ".png").toFile());
    FloatTensor sample = FloatTensor.zeros(1, 3, 128, 128);
    for (int i = 0; i < 128 * 128; i++) {
      int rgb = image.getRGB(i % 128, i / 128);
      for (int channel = 0; channel < 3; channel++) {
        sample.data()[channel * 128 * 128 + i] = (rgb >> 16 - 8 * channel & 255) / 127.5f - 1;
      }
    }
    return sample;
  }

  private static double[] meanOfStates(ModelSession text, long[] tokens) {
    long[] shape = {1, tokens.length};
    long[] ones = new long[tokens.length];
    Arrays.fill(ones, 1);
    Map<String, DenseTensor> inputs =
        Map.of(
            "input_ids", new LongTensor(shape, tokens),
            "attention_mask", new LongTensor(shape, ones),
            "token_type_ids", new LongTensor(shape, new long[tokens.length]));
    FloatTensor states = text.run(inputs, STARTER.textEncoders().get(0).output(), new RunStop());
    double[] mean = new double[384];
    for (int i = 0; i < states.data().length; i++) {
      mean[i % 384] += states.data()[i] / tokens.length;
    }
    return mean;
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  private static double[] normalised(double[] values) {
    double length = Math.sqrt(dot(values, values));
    return IntStream.range(0, values.length).mapToDouble(i -> values[i] / length).toArray();
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  /** Of values that span 2, as pixels in -1..1 do, in dB. */
  private static double psnr(float[] got, float[] expected) {
    assertThat(got).hasSameSizeAs(expected);
    double squares = 0;
    for (int i = 0; i < got.length; i++) {
      squares += (got[i] - expected[i]) * (got[i] - expected[i]);
    }
    return 10 * Math.log10(4 / (squares / got.length));
  }

  private static FloatTensor noise(long... shape) {
    Random random = new Random(7);
    float[] values = new float[DenseTensor.elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new FloatTensor(shape, values);
  }
}
