package dev.latentline.decoder.infotext;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import org.junit.jupiter.api.Test;

class InfotextTest {
  private static final GenerationRequest APPLE =
      GenerationRequest.newBuilder()
          .setModel(ModelRef.newBuilder().setName("starter").setDigest("sha256:0123456789abcdef"))
          .setPrompt("a red apple")
          .setNegativePrompt("blurry, dark")
          .setSeed(5)
          .setSteps(25)
          .setGuidanceScale(3)
          .setSampler("ddim")
          .setSchedule("normal")
          .setWidth(128)
          .setHeight(96)
          .build();

  @Test
  void isWhatAutomatic1111WritesForSuchAPicture() {
    assertThat(Infotext.of(APPLE, 7, "1.2.3"))
        .isEqualTo(
            "a red apple\n"
                + "Negative prompt: blurry, dark\n"
                + "Steps: 25, Sampler: DDIM, Schedule type: Normal, CFG scale: 3, Seed: 7, "
                + "Size: 128x96, Model hash: 0123456789, Model: starter, RNG: NV, "
                + "Version: latentline 1.2.3");
  }

  @Test
  void thereIsNoLineForANegativePromptThatIsNotThere() {
    assertThat(Infotext.of(APPLE.toBuilder().clearNegativePrompt().build(), 7, "1"))
        .startsWith("a red apple\nSteps: 25, ");
  }

  @Test
  void promptsOfSeveralLinesStayThem() {
    assertThat(Infotext.of(APPLE.toBuilder().setPrompt("a\nb").build(), 7, "1"))
        .startsWith("a\nb\nNegative prompt: ");
  }

  @Test
  void fractionsAndOtherSamplersAreWrittenAsThere() {
    GenerationRequest request =
        APPLE.toBuilder()
            .setGuidanceScale(7.5f)
            .setSampler("dpmpp_2m")
            .setSchedule("karras")
            .build();

    assertThat(Infotext.of(request, (1L << 53) - 1, "1"))
        .contains(
            "Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 9007199254740991, ");
    assertThat(Infotext.of(APPLE.toBuilder().setGuidanceScale(10).build(), 7, "1"))
        .contains("CFG scale: 10, ");
  }

  @Test
  void anEmphasisIsWrittenWhereItIsNotTheUsualOne() {
    GenerationRequest.Builder weighted = APPLE.toBuilder().setPromptSyntax("a1111");

    assertThat(Infotext.of(weighted.setEmphasis("no_norm").build(), 7, "1"))
        .contains(", Emphasis: No norm, RNG: ");
    assertThat(Infotext.of(weighted.setEmphasis("original").build(), 7, "1"))
        .doesNotContain("Emphasis");
  }

  @Test
  void aSkippedLayerIsWrittenAsThere() {
    assertThat(Infotext.of(APPLE.toBuilder().setClipSkip(2).build(), 7, "1"))
        .contains(", Clip skip: 2, ");
    assertThat(Infotext.of(APPLE.toBuilder().setClipSkip(1).build(), 7, "1"))
        .doesNotContain("Clip skip");
  }

  @Test
  void whatIsChosenOfASamplerIsWrittenUnderItsNamesThere() {
    GenerationRequest.Builder chosen =
        APPLE.toBuilder().setSampler("ddim").setEta(0.5f).setSNoise(1).setRng("cpu");
    assertThat(Infotext.of(chosen.build(), 7, "1")).contains(", Eta DDIM: 0.5, RNG: CPU, ");

    chosen.setSampler("dpmpp_3m_sde").setSNoise(1.003f).setGuidanceRescale(0.7f);
    assertThat(Infotext.of(chosen.build(), 7, "1"))
        .contains("Sampler: DPM++ 3M SDE, ")
        .contains(", Eta: 0.5, Sigma noise: 1.003, CFG rescale: 0.7, RNG: CPU, ");

    chosen.setSampler("heun").clearEta().setSNoise(1).setSChurn(4).setRng("nv");
    assertThat(Infotext.of(chosen.build(), 7, "1"))
        .contains(", Sigma churn: 4, CFG rescale: 0.7, RNG: NV, ");

    chosen.setSampler("euler_a").setEta(1).clearSChurn().clearGuidanceRescale();
    assertThat(Infotext.of(chosen.build(), 7, "1")).doesNotContain("Eta").doesNotContain("Sigma");
  }

  @Test
  void anUpscaleIsWrittenAsByTheTabExtras() {
    GenerationRequest.Builder upscaled = APPLE.toBuilder();
    upscaled.getUpscaleBuilder().setFactor(4).getUpscalerBuilder().setName("esrgan");

    assertThat(Infotext.of(upscaled.build(), 7, "1"))
        .contains("Size: 128x96, ")
        .contains(", Postprocess upscale by: 4, Postprocess upscaler: esrgan, ");
  }

  @Test
  void lorasStandInThePromptAsThere() {
    GenerationRequest.Builder changed = APPLE.toBuilder().setPrompt("an apple");
    changed
        .addLorasBuilder()
        .setWeight(0.5f)
        .getLoraBuilder()
        .setName("ink")
        .setDigest("sha256:" + "1".repeat(64));
    changed
        .addLorasBuilder()
        .setWeight(-1)
        .getLoraBuilder()
        .setName("wash")
        .setDigest("sha256:" + "2".repeat(64));

    assertThat(Infotext.of(changed.build(), 7, "1"))
        .startsWith("an apple <lora:ink:0.5> <lora:wash:-1>\nNegative prompt: ")
        .contains(", Lora hashes: \"ink: 1111111111, wash: 2222222222\", ");
  }

  @Test
  void controlsAreWrittenAsTheExtensionForThemDoes() {
    GenerationRequest.Builder steered = APPLE.toBuilder();
    steered
        .addControlsBuilder()
        .setPreprocessor("canny")
        .setWeight(0.8f)
        .setEnd(1)
        .getControlNetBuilder()
        .setName("control_v11p_sd15_canny")
        .setDigest("sha256:" + "1".repeat(64));

    assertThat(Infotext.of(steered.build(), 7, "1"))
        .contains(
            ", ControlNet 0: \"Module: canny, Model: control_v11p_sd15_canny [1111111111], Weight:"
                + " 0.8, Resize Mode: Crop and Resize, Guidance Start: 0, Guidance End: 1, Control"
                + " Mode: Balanced\", ");
  }

  @Test
  void picturesThatArePromptsAreWrittenAsThoseThatSteer() {
    GenerationRequest.Builder seen = APPLE.toBuilder();
    seen.addImagePromptsBuilder().setInput("1".repeat(64)).setWeight(1);
    seen.addImagePromptsBuilder().setInput("2".repeat(64)).setWeight(0.25f);

    assertThat(Infotext.of(seen.build(), 7, "1"))
        .contains(
            ", Image prompt 0: \"Input: 1111111111, Weight: 1\","
                + " Image prompt 1: \"Input: 2222222222, Weight: 0.25\", ");
  }

  @Test
  void withoutAPromptTheLineBehindItIsTheFirst() {
    GenerationRequest.Builder seen = APPLE.toBuilder().clearPrompt();

    assertThat(Infotext.of(seen.build(), 7, "1"))
        .startsWith("Negative prompt: blurry, dark\nSteps");
    assertThat(Infotext.of(seen.clearNegativePrompt().build(), 7, "1")).startsWith("Steps: 25, ");
  }

  @Test
  void aRefinerIsWrittenAsThere() {
    GenerationRequest.Builder refined = APPLE.toBuilder();
    refined
        .getRefinerBuilder()
        .setStart(0.8)
        .getRefinerBuilder()
        .setName("sd_xl_refiner_1.0")
        .setDigest("sha256:" + "1".repeat(64));

    assertThat(Infotext.of(refined.build(), 7, "1"))
        .contains(", Refiner: sd_xl_refiner_1.0 [1111111111], Refiner switch at: 0.8, ");
  }

  @Test
  void textualInversionsAreNamedWithTheirHashes() {
    GenerationRequest.Builder learnt = APPLE.toBuilder().setNegativePrompt("(bad-hands:1.2)");
    learnt.addTextualInversionsBuilder().setName("apple").setDigest("sha256:" + "1".repeat(64));
    learnt.addTextualInversionsBuilder().setName("bad-hands").setDigest("sha256:" + "2".repeat(64));
    // of another picture
    learnt.addTextualInversionsBuilder().setName("ink").setDigest("sha256:" + "3".repeat(64));

    assertThat(Infotext.of(learnt.build(), 7, "1"))
        .contains(", TI hashes: \"apple: 1111111111, bad-hands: 2222222222\", ");
    assertThat(Infotext.of(learnt.clearNegativePrompt().setPrompt("a pear").build(), 7, "1"))
        .doesNotContain("TI hashes");
  }

  @Test
  void valuesWithSeparatorsAreQuoted() {
    assertThat(Infotext.quotedWhereNeeded("a: \"b\", \\c\nd"))
        .isEqualTo("\"a: \\\"b\\\", \\\\c\\nd\"");
    assertThat(Infotext.quotedWhereNeeded("plain \"text\"")).isEqualTo("plain \"text\"");
  }
}
