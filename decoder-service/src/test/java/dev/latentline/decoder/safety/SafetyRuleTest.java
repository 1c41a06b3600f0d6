package dev.latentline.decoder.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.SafetyMode;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Safety;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With a checker that finds what the test says. */
class SafetyRuleTest {
  private static final ModelRef CHECKER =
      ModelRef.newBuilder().setName("checker").setDigest("sha256:1").build();
  private static final Pixels PICTURE = new Pixels(1, 1, new byte[3]);

  @Test
  void offNobodyLooks() {
    SafetyRule rule = new SafetyRule(SafetyMode.OFF, 0.5, Optional.empty());

    assertThat(rule.judge(PICTURE, new RunStop())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLAG", "BLUR", "REJECT"})
  void whatIsBelowTheThresholdIsStoredAsItIs(SafetyMode mode) {
    Safety safety = judge(mode, 0.25f, 0.24f);

    assertThat(safety.getFlagged()).isFalse();
    assertThat(safety.getBlurred()).isFalse();
    assertThat(safety.getChecker()).isEqualTo(CHECKER);
    assertThat(safety.getThreshold()).isEqualTo(0.5f);
    assertThat(safety.getScoresMap())
        .containsOnly(
            Map.entry("neutral", 0.51f), Map.entry("hentai", 0.25f), Map.entry("porn", 0.24f));
  }

  @Test
  void theUnsafeClassesCountTogether() {
    assertThat(judge(SafetyMode.FLAG, 0.25f, 0.25f).getFlagged()).isTrue();
    assertThat(judge(SafetyMode.FLAG, 0.25f, 0.25f).getBlurred()).isFalse();
  }

  @Test
  void whatIsToBeBlurredIsFlaggedToo() {
    Safety safety = judge(SafetyMode.BLUR, 0, 0.9f);

    assertThat(safety.getFlagged()).isTrue();
    assertThat(safety.getBlurred()).isTrue();
  }

  @Test
  void whatIsToBeRejectedIsNoPictureAnyMore() {
    assertThatThrownBy(() -> judge(SafetyMode.REJECT, 0, 0.9f))
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unsafe_content"));
  }

  @Test
  void aModeThatNeedsACheckerIsRefusedWithoutOne() {
    assertThatThrownBy(() -> new SafetyRule(SafetyMode.FLAG, 0.5, Optional.empty()))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("safety_checkers")
        .hasMessageContaining("latentline.safety");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
  void aThresholdThatIsNoneIsRefused(double threshold) {
    assertThatThrownBy(() -> new SafetyRule(SafetyMode.OFF, threshold, Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("latentline.safety-threshold");
  }

  private static Safety judge(SafetyMode mode, float hentai, float porn) {
    SafetyChecker checker =
        new SafetyChecker() {
          @Override
          public ModelRef reference() {
            return CHECKER;
          }

          @Override
          public List<String> unsafe() {
            return List.of("hentai", "porn");
          }

          @Override
          public Map<String, Float> scores(Pixels picture, RunStop stop) {
            return Map.of("neutral", 1 - hentai - porn, "hentai", hentai, "porn", porn);
          }
        };
    return new SafetyRule(mode, 0.5, Optional.of(checker))
        .judge(PICTURE, new RunStop())
        .orElseThrow();
  }
}
