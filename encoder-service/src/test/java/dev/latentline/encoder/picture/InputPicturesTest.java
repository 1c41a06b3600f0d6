package dev.latentline.encoder.picture;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import org.junit.jupiter.api.Test;

class InputPicturesTest {
  @Test
  void whatIsNoPngIsRefused() {
    assertThatThrownBy(() -> InputPictures.decoded(new byte[] {1, 2, 3}))
        .isInstanceOf(Failure.Rejected.class)
        .hasMessageContaining("is no PNG");
    assertThatThrownBy(() -> InputPictures.decoded(new byte[0]))
        .isInstanceOf(Failure.Rejected.class);
  }
}
