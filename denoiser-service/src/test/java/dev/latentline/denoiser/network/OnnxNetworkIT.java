package dev.latentline.denoiser.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.testkit.RandomCheckpoint;
import dev.latentline.testkit.RandomOnnxFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that others exported, whose timestep is one number for all rows. */
class OnnxNetworkIT {
  @TempDir Path folder;

  @Test
  void itAnswersAsDiffusersDoes() throws IOException {
    try (UNetRunner network = network()) {
      float[] answer = network.predict(List.of(call(481)), new RunStop()).get(0);

      float[] expected = golden("unet.out_sample").data();
      assertThat(answer).hasSameSizeAs(expected);
      double difference = 0;
      double largest = 0;
      for (int i = 0; i < expected.length; i++) {
        difference = Math.max(difference, Math.abs(expected[i] - answer[i]));
        largest = Math.max(largest, Math.abs(expected[i]));
      }
      assertThat(difference / largest).isLessThan(1e-4);
    }
  }

  @Test
  void picturesAtOtherTimestepsAreAskedOneByOne() throws IOException {
    try (UNetRunner network = network()) {
      NetworkCall early = call(800);
      NetworkCall late = call(20);

      List<float[]> together = network.predict(List.of(early, late), new RunStop());

      assertThat(together.get(0)).isEqualTo(network.predict(List.of(early), new RunStop()).get(0));
      assertThat(together.get(1))
          .isEqualTo(network.predict(List.of(late), new RunStop()).get(0))
          .isNotEqualTo(together.get(0));
    }
  }

  private UNetRunner network() throws IOException {
    Path written = RandomOnnxFolder.of("tiny-sd1", folder.resolve("onnx")).path();
    return new UNetRunner(
        ModelSession.open(written.resolve("unet/model.onnx"), SessionSettings.cpu(1)),
        () -> BatchSizes.of(List.of(1, 2)));
  }

  private static NetworkCall call(double timestep) throws IOException {
    return new NetworkCall(
        golden("unet.sample"), timestep, golden("text_encoder.states"), Optional.empty(), false);
  }

  private static FloatTensor golden(String name) throws IOException {
    try (SafetensorsFile golden =
        SafetensorsFile.open(
            RandomCheckpoint.templates()
                .resolveSibling("golden/onnx/tiny-sd1/golden.safetensors"))) {
      StoredTensor stored = golden.find(name).orElseThrow();
      float[] values = new float[(int) stored.elements()];
      golden.map(stored).asFloatBuffer().get(values);
      return new FloatTensor(stored.shape().stream().mapToLong(Long::longValue).toArray(), values);
    }
  }
}
