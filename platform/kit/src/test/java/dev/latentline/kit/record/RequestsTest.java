package dev.latentline.kit.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.kit.workqueue.WorkItem;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Refiner;
import dev.latentline.proto.v1.Upscale;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestsTest {
  private static final String ID = "gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b";
  private static final WorkItem ITEM =
      new WorkItem(ID, new byte[0], Map.of(), ID, 1, false, Instant.EPOCH, null);

  @Test
  void whatTheGatewayLetsInPasses() {
    assertThatCode(() -> Requests.check(ITEM, valid().build())).doesNotThrowAnyException();
    assertThatCode(
            () ->
                Requests.check(
                    ITEM,
                    valid()
                        .setPrompt("\ud83c\udf4e".repeat(Limits.MAX_PROMPT_CODE_POINTS))
                        .setSteps(Limits.MAX_STEPS)
                        .setCount(Limits.MAX_COUNT)
                        .setSeed(Limits.MAX_SEED - Limits.MAX_COUNT + 1)
                        .setWidth(Limits.MAX_SIDE)
                        .setHeight(1024)
                        .build()))
        .doesNotThrowAnyException();
    assertThatCode(
            () ->
                Requests.check(
                    ITEM,
                    valid()
                        .setCount(2)
                        .addExpandedPrompts(expanded("a"))
                        .addExpandedPrompts(expanded("b"))
                        .build()))
        .doesNotThrowAnyException();
    assertThatCode(() -> Requests.check(ITEM, valid().addControls(control()).build()))
        .doesNotThrowAnyException();
    assertThatCode(() -> Requests.check(ITEM, valid().addImagePrompts(imagePrompt(1)).build()))
        .doesNotThrowAnyException();
    assertThatCode(() -> Requests.check(ITEM, valid().setRefiner(refiner("fine", 1)).build()))
        .doesNotThrowAnyException();
    assertThatCode(
            () ->
                Requests.check(
                    ITEM, valid().setWidth(Limits.MAX_SIDE / 4).setUpscale(upscale(4)).build()))
        .doesNotThrowAnyException();
  }

  static Stream<UnaryOperator<GenerationRequest.Builder>> changes() {
    return Stream.of(
        r -> r.setGenerationId("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5aff"),
        r -> r.setTenant("../other"),
        r -> r.clearTenant(),
        r -> r.setPool("a/b"),
        r -> r.setModel(ModelRef.newBuilder().setName("../../etc")),
        r -> r.setPrompt("a".repeat(Limits.MAX_PROMPT_CODE_POINTS + 1)),
        r -> r.setNegativePrompt("a".repeat(Limits.MAX_PROMPT_CODE_POINTS + 1)),
        r -> r.setCount(0),
        r -> r.setCount(Limits.MAX_COUNT + 1),
        r -> r.setCount(-1),
        r -> r.setSteps(0),
        r -> r.setSteps(Limits.MAX_STEPS + 1),
        r -> r.setGuidanceScale(Float.NaN),
        r -> r.setGuidanceScale(-1),
        r -> r.setWidth(Limits.MIN_SIDE - Limits.SIZE_MULTIPLE),
        r -> r.setHeight(Limits.MAX_SIDE + Limits.SIZE_MULTIPLE),
        r -> r.setWidth(129),
        r -> r.setWidth(Limits.MAX_SIDE).setHeight(1024 + Limits.SIZE_MULTIPLE),
        r -> r.addLoras(lora("../ink", 1)),
        r -> r.addLoras(lora("ink", Limits.MAX_LORA_WEIGHT + 1)),
        r -> r.addLoras(lora("ink", Float.NaN)),
        r -> r.addAllLoras(Collections.nCopies(Limits.MAX_LORAS + 1, lora("ink", 1))),
        r -> r.addControls(control().setInput("../" + "0".repeat(61))),
        r -> r.addControls(control().setPreprocessor("magic")),
        r -> r.addControls(control().setWeight(Limits.MAX_CONTROL_WEIGHT + 1)),
        r -> r.addControls(control().setWeight(Float.NaN)),
        r -> r.addControls(control().setStart(0.6).setEnd(0.5)),
        r -> r.addControls(control().setStart(Double.NaN)),
        r -> r.addControls(control().setEnd(1.1)),
        r ->
            r.addControls(
                control().setControlNet(ModelRef.newBuilder().setName("../edges").build())),
        r -> r.addAllControls(Collections.nCopies(Limits.MAX_CONTROLS + 1, control().build())),
        r -> r.addImagePrompts(imagePrompt(1).setInput("../" + "0".repeat(61))),
        r -> r.addImagePrompts(imagePrompt(-0.1f)),
        r -> r.addImagePrompts(imagePrompt(Limits.MAX_IMAGE_PROMPT_WEIGHT + 0.1f)),
        r -> r.addImagePrompts(imagePrompt(Float.NaN)),
        r ->
            r.addAllImagePrompts(
                Collections.nCopies(Limits.MAX_IMAGE_PROMPTS + 1, imagePrompt(1).build())),
        r -> r.setRefiner(refiner("../fine", 0.8)),
        r -> r.setRefiner(refiner("fine", -0.1)),
        r -> r.setRefiner(refiner("fine", 1.1)),
        r -> r.setRefiner(refiner("fine", Double.NaN)),
        r -> r.addTextualInversions(ModelRef.newBuilder().setName("../ink")),
        r ->
            r.addAllTextualInversions(
                Collections.nCopies(
                    Limits.MAX_TEXTUAL_INVERSIONS + 1,
                    ModelRef.newBuilder().setName("ink").build())),
        r -> r.setUpscale(upscale(3)),
        r -> r.setUpscale(upscale(1)),
        r -> r.setUpscale(upscale(4)).setWidth(Limits.MAX_SIDE / 4 + Limits.SIZE_MULTIPLE),
        r -> r.setUpscale(Upscale.newBuilder().setFactor(2)),
        r -> r.setCount(3).addExpandedPrompts(expanded("a")).addExpandedPrompts(expanded("b")),
        r -> r.addExpandedPrompts(expanded("a".repeat(Limits.MAX_PROMPT_CODE_POINTS + 1))),
        r ->
            r.addExpandedPrompts(
                expanded("a").setNegativePrompt("a".repeat(Limits.MAX_PROMPT_CODE_POINTS + 1))),
        r -> r.setSeed(-1),
        r -> r.setCount(2).setSeed(Limits.MAX_SEED));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void whatItDoesNotLetInIsUnreadable(UnaryOperator<GenerationRequest.Builder> change) {
    assertUnreadable(() -> Requests.check(ITEM, change.apply(valid()).build()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, -1})
  void aPictureThatTheGenerationDoesNotHaveIsUnreadable(int index) {
    assertThatCode(() -> Requests.check(ITEM, valid().build(), 0)).doesNotThrowAnyException();
    assertUnreadable(() -> Requests.check(ITEM, valid().build(), index));
  }

  private static void assertUnreadable(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable checking) {
    assertThatThrownBy(checking)
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("unreadable_record"));
  }

  private static Lora lora(String name, float weight) {
    return Lora.newBuilder().setLora(ModelRef.newBuilder().setName(name)).setWeight(weight).build();
  }

  private static ControlPicture.Builder control() {
    return ControlPicture.newBuilder()
        .setControlNet(ModelRef.newBuilder().setName("edges"))
        .setInput("0".repeat(64))
        .setPreprocessor("canny")
        .setWeight(1)
        .setStart(0.5)
        .setEnd(1);
  }

  private static ImagePrompt.Builder imagePrompt(float weight) {
    return ImagePrompt.newBuilder().setInput("0".repeat(64)).setWeight(weight);
  }

  private static Refiner refiner(String name, double start) {
    return Refiner.newBuilder()
        .setRefiner(ModelRef.newBuilder().setName(name))
        .setStart(start)
        .build();
  }

  private static ExpandedPrompts.Builder expanded(String prompt) {
    return ExpandedPrompts.newBuilder().setPrompt(prompt);
  }

  private static Upscale upscale(int factor) {
    return Upscale.newBuilder()
        .setFactor(factor)
        .setUpscaler(ModelRef.newBuilder().setName("esrgan"))
        .build();
  }

  private static GenerationRequest.Builder valid() {
    return GenerationRequest.newBuilder()
        .setGenerationId(ID)
        .setTenant("default")
        .setPool("default")
        .setModel(ModelRef.newBuilder().setName("starter"))
        .setSteps(25)
        .setGuidanceScale(3)
        .setWidth(128)
        .setHeight(64)
        .setCount(1);
  }
}
