package dev.latentline.denoiser.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.denoiser.network.NoisePredictor;
import java.time.Duration;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class StepTimesTest {
  private static final NoisePredictor NETWORK = Tasks::network;
  private static final Offset<Double> EXACTLY = Offset.offset(1e-9);

  private final StepTimes times = new StepTimes();

  @Test
  void theFirstStepOfAKindMayTakeFiveMinutes() {
    times.saw(kind(NETWORK, 8), 0.1);

    assertThat(times.allowance(kind(NETWORK, 16))).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void laterOnesMayTakeTenTimesAsLongAsUsualAndAtLeastHalfAMinute() {
    times.saw(kind(NETWORK, 8), 0.1);
    times.saw(kind(NETWORK, 16), 5);

    assertThat(times.allowance(kind(NETWORK, 8))).isEqualTo(Duration.ofSeconds(30));
    assertThat(times.allowance(kind(NETWORK, 16))).isEqualTo(Duration.ofSeconds(50));
  }

  @Test
  void whatIsUsualFollowsWhatIsSeenByAFifth() {
    times.saw(kind(NETWORK, 8), 5);
    times.saw(kind(NETWORK, 8), 10);
    assertThat(times.expected(kind(NETWORK, 8))).isEqualTo(6, EXACTLY);

    times.saw(kind(NETWORK, 8), 1);

    assertThat(times.expected(kind(NETWORK, 8))).isEqualTo(5, EXACTLY);
    assertThat(times.allowance(kind(NETWORK, 8))).isEqualTo(Duration.ofSeconds(50));
  }

  @Test
  void anotherSizeIsExpectedToTakeAsMuchLongerAsItIsLarger() {
    assertThat(times.expected(kind(NETWORK, 8))).isEqualTo(0.1, EXACTLY);

    times.saw(kind(NETWORK, 8), 2);

    assertThat(times.expected(kind(NETWORK, 16))).isEqualTo(8, EXACTLY);
    NoisePredictor other = (calls, stop) -> List.of();
    assertThat(times.expected(kind(other, 8))).isEqualTo(0.1, EXACTLY);
  }

  @Test
  void ofManyKindsThoseSeenLastAreRemembered() {
    StepKind oldest = kind(NETWORK, 1);
    StepKind inUse = kind(NETWORK, 2);
    times.saw(oldest, 5);
    times.saw(inUse, 5);
    for (int side = 3; side <= 300; side++) {
      times.saw(kind(NETWORK, side), 1);
      times.expected(inUse);
    }

    assertThat(times.allowance(oldest)).isEqualTo(Duration.ofMinutes(5));
    assertThat(times.allowance(inUse)).isEqualTo(Duration.ofSeconds(50));
  }

  private static StepKind kind(NoisePredictor network, long side) {
    return new StepKind(network, List.of(4L, side, side), List.of(77L, 768L), false);
  }
}
