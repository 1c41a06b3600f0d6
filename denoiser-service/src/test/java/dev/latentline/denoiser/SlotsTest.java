package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.denoiser.network.BatchSizes;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotsTest {
  private static final BatchSizes TO_SIXTEEN = BatchSizes.of(List.of(2, 4, 16));

  @Test
  void devicesShareTheSlots() {
    assertThat(Slots.ofEachDevice(8, 1, BatchSizes.none())).isEqualTo(8);
    assertThat(Slots.ofEachDevice(1, 1, BatchSizes.none())).isEqualTo(1);
    assertThat(Slots.ofEachDevice(8, 3, BatchSizes.none())).isEqualTo(3);
  }

  @Test
  void asManyPicturesWithGuidanceAsFillTheLargestBatchAreEnough() {
    assertThat(Slots.ofEachDevice(8, 1, TO_SIXTEEN)).isEqualTo(8);
    assertThat(Slots.ofEachDevice(16, 2, TO_SIXTEEN)).isEqualTo(8);
    assertThat(Slots.ofEachDevice(1, 1, BatchSizes.of(List.of(1)))).isEqualTo(1);
  }

  @Test
  void fewerAreRefusedWithWhatToSet() {
    assertThatThrownBy(() -> Slots.ofEachDevice(7, 1, TO_SIXTEEN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            "latentline.slots is 7",
            "latentline.inference.batch-sizes, 16 rows",
            "Set latentline.slots to 8, better 16");
    assertThatThrownBy(() -> Slots.ofEachDevice(14, 2, TO_SIXTEEN))
        .hasMessageContainingAll("7 pictures of 2 rows on each device", "to 16, better 32");
  }

  @Test
  void thereIsAtLeastOne() {
    assertThatThrownBy(() -> Slots.ofEachDevice(0, 1, BatchSizes.none()))
        .hasMessage("latentline.slots must be at least 1, not 0");
  }
}
