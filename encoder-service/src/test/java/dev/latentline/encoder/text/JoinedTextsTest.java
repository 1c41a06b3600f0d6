package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class JoinedTextsTest {
  @Test
  void aRowHoldsTheRowsOfAllEncodersInTheirOrder() {
    FloatTensor joined =
        JoinedTexts.sideBySide(
            List.of(
                tensor(2, 2, 1, 2, 3, 4),
                tensor(2, 3, 10, 20, 30, 40, 50, 60),
                tensor(2, 1, 7, 8)));

    assertThat(joined.shape()).containsExactly(1, 2, 6);
    assertThat(joined.data()).containsExactly(1, 2, 10, 20, 30, 7, 3, 4, 40, 50, 60, 8);
  }

  @Test
  void oneEncodersStatesAreTheConditioning() {
    FloatTensor only = tensor(2, 2, 1, 2, 3, 4);

    assertThat(JoinedTexts.sideBySide(List.of(only))).isSameAs(only);
  }

  @Test
  void sequencesOfDifferentLengthsAreRejected() {
    for (int rows : new int[] {1, 3}) {
      List<FloatTensor> parts = List.of(tensor(2, 2, 1, 2, 3, 4), tensor(rows, 1, new float[rows]));

      assertThatThrownBy(() -> JoinedTexts.sideBySide(parts))
          .isInstanceOfSatisfying(
              Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("invalid_tokens"));
    }
  }

  private static FloatTensor tensor(int rows, int width, float... values) {
    return new FloatTensor(new long[] {1, rows, width}, values);
  }
}
