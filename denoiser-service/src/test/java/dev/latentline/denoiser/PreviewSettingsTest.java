package dev.latentline.denoiser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreviewSettingsTest {
  @Test
  void unlessSomethingElseIsSaidEveryStepCanBeShown() {
    assertThat(StepProgress.shownEvery(settings(Map.of()))).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "off, 3, 3",
    "flag, 3, 3",
    "flag, 0, 0",
    "blur, 3, 0",
    "reject, 3, 0",
    "reject, 1, 0"
  })
  void whereUnsafePicturesAreNotToBeSeenThereAreNoPreviews(String safety, String every, int shown) {
    assertThat(
            StepProgress.shownEvery(
                settings(Map.of("latentline.safety", safety, "latentline.previews.every", every))))
        .isEqualTo(shown);
  }

  @ParameterizedTest
  @ValueSource(strings = {"hide", "none", "true"})
  void aModeThatIsNotKnownIsNoConfiguration(String safety) {
    assertThatThrownBy(() -> settings(Map.of("latentline.safety", safety)))
        .hasStackTraceContaining(safety);
  }

  @Test
  void theNumberOfStepsIsNotNegative() {
    DenoiserSettings settings = settings(Map.of("latentline.previews.every", "-1"));

    assertThatThrownBy(() -> StepProgress.shownEvery(settings))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("latentline.previews.every");
  }

  private static DenoiserSettings settings(Map<String, String> said) {
    Map<String, String> all = new HashMap<>(said);
    all.put("latentline.models", "models");
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(DenoiserSettings.class)
        .withDefaultValues(all)
        .build()
        .getConfigMapping(DenoiserSettings.class);
  }
}
