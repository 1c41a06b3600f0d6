package dev.latentline.denoiser.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class SteeringPictureTest {
  @Test
  void itsColoursAreThePartsOf255() {
    byte[] planes = new byte[3 * 8 * 32];
    for (int i = 0; i < planes.length; i++) {
      planes[i] = (byte) i;
    }

    FloatTensor colours = new SteeringPicture(8, 32, planes).colours();

    assertThat(colours.shape()).containsExactly(1, 3, 8, 32);
    for (int i = 0; i < planes.length; i++) {
      assertThat(colours.data()[i]).isEqualTo(i % 256 / 255f);
    }
  }

  @Test
  void aPictureOfAnotherSizeIsNone() {
    assertThatThrownBy(() -> new SteeringPicture(8, 32, new byte[8 * 32]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
