package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.LongTensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightedSumIT {
  @TempDir Path folder;

  @Test
  void eachRowHasItsWeight() throws IOException {
    try (ModelSession expand = graph(SmallGraphs.EXPAND);
        NativeTensors twos = all(expand, 2, 2, 3);
        NativeTensors fives = all(expand, 5, 2, 3);
        NativeTensors once =
            WeightedSum.of(
                List.of(twos), List.of(new float[] {0.5f, -1}), Map.of("y", ElementType.FLOAT32));
        NativeTensors sum =
            WeightedSum.of(
                List.of(twos, fives, twos),
                List.of(new float[] {1, 0.5f}, new float[] {0, 2}, new float[] {3, 0}),
                Map.of("y", ElementType.FLOAT32))) {
      assertThat(once.names()).containsExactly("y");
      assertThat(floats(once)).containsExactly(1, 1, 1, -2, -2, -2);
      assertThat(floats(sum)).containsExactly(8, 8, 8, 11, 11, 11);
    }
  }

  @Test
  void halvesAreAddedAsFloatsAndGoIntoOtherGraphs() throws IOException {
    FloatTensor large = new FloatTensor(new long[] {2}, new float[] {1, 30_000});
    FloatTensor none = FloatTensor.zeros(2);
    try (ModelSession add = graph(SmallGraphs.HALF_ADD);
        NativeTensors term = add.runNatively(Map.of("a", large, "b", none), new RunStop());
        NativeTensors sum =
            WeightedSum.of(
                List.of(term, term),
                List.of(new float[] {1, 3}, new float[] {2, -2}),
                Map.of("y", ElementType.FLOAT16))) {
      FloatTensor answer = add.run(Map.of("b", large), sum.named(y -> "a"), "y", new RunStop());

      assertThat(answer.data()).as("90,000 is no half").containsExactly(4, 60_000);
    }
  }

  @Test
  void termsOfOtherShapesAreRefused() throws IOException {
    try (ModelSession expand = graph(SmallGraphs.EXPAND);
        NativeTensors two = all(expand, 1, 2, 3);
        NativeTensors three = all(expand, 1, 3, 3)) {
      assertThatThrownBy(
              () ->
                  WeightedSum.of(
                      List.of(two, three),
                      List.of(new float[2], new float[3]),
                      Map.of("y", ElementType.FLOAT32)))
          .isInstanceOf(GraphFailedException.class)
          .hasMessageContaining("added up");
    }
  }

  private ModelSession graph(String graph) throws IOException {
    return ModelSession.open(SmallGraphs.write(graph, folder), SessionSettings.cpu(1));
  }

  private static NativeTensors all(ModelSession expand, float value, long rows, long columns) {
    return expand.runNatively(
        Map.of(
            "a", new FloatTensor(new long[] {1}, new float[] {value}),
            "s", new LongTensor(new long[] {2}, new long[] {rows, columns})),
        new RunStop());
  }

  private static float[] floats(NativeTensors tensors) {
    FloatBuffer buffer = tensors.byName().get("y").getFloatBuffer();
    float[] floats = new float[buffer.remaining()];
    buffer.get(floats);
    return floats;
  }
}
