package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.proto.v1.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class RequestValidatorPropertyTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final RequestValidator validator =
      new RequestValidator(new TestModels(), Presets.NONE, url -> Optional.empty());

  @Property(tries = 2000)
  void anyBytesAreAnsweredAndNeverThrow(@ForAll byte[] body) {
    assertThat(validator.validate(body, arrival(1))).isNotNull();
  }

  @Property(tries = 3000)
  void whateverTheFieldsHoldItIsRefusedOrWithinEveryLimit(
      @ForAll("bodies") ObjectNode body, @ForAll long random)
      throws InvalidProtocolBufferException {
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    Validated validated = validator.validate(bytes, arrival(random));
    if (validated instanceof Validated.Invalid invalid) {
      assertThat(invalid.errors()).isNotEmpty();
      return;
    }
    GenerationRequest request = ((Validated.Valid) validated).request();
    assertThat(TestModels.SMALL.limits().allowSize(request.getWidth(), request.getHeight()))
        .isTrue();
    assertThat(Math.max(1, request.getUpscale().getFactor())).isIn(Limits.UPSCALE_FACTORS);
    assertThat(request.getSteps()).isBetween(1, 100);
    assertThat(request.getCount()).isBetween(1, Limits.MAX_COUNT);
    assertThat(request.getSeed()).isBetween(0L, Limits.MAX_SEED - request.getCount() + 1);
    assertThat(request.getGuidanceScale()).isBetween(0f, Limits.MAX_GUIDANCE_SCALE);
    assertThat(Sampler.byId(request.getSampler())).isPresent();
    assertThat(Schedule.byId(request.getSchedule())).isPresent();
    assertThat(request.getPrompt()).isNotBlank();
    assertThat(request.getExpandedPromptsCount()).isIn(0, 1, request.getCount());
    assertThat(request.getDeadlineMs() - request.getAcceptedAtMs()).isBetween(1000L, 86_400_000L);
    assertThat(GenerationRequest.parseFrom(request.toByteArray())).isEqualTo(request);
  }

  @Provide
  Arbitrary<ObjectNode> bodies() {
    Arbitrary<String> names =
        Arbitraries.of(
            "seed",
            "steps",
            "guidance_scale",
            "sampler",
            "schedule",
            "guidance_rescale",
            "eta",
            "s_churn",
            "s_noise",
            "rng",
            "prompt_syntax",
            "dynamic_prompts",
            "styles",
            "expanded_prompts",
            "emphasis",
            "clip_skip",
            "width",
            "height",
            "upscale",
            "upscaler",
            "count",
            "deadline_s",
            "negative_prompt",
            "prompt",
            "metadata",
            "webhook");
    Arbitrary<Object> numbers =
        Arbitraries.oneOf(
            Arbitraries.integers().between(-1, 300).map(Object.class::cast),
            Arbitraries.of(64, 96, 128, 256, 512, 4096).map(Object.class::cast),
            Arbitraries.longs().map(Object.class::cast),
            Arbitraries.doubles().map(Object.class::cast));
    Arbitrary<Object> others =
        Arbitraries.oneOf(
            Arbitraries.strings().ofMaxLength(20).map(Object.class::cast),
            Arbitraries.of(Sampler.ids()).map(Object.class::cast),
            Arbitraries.of(Schedule.ids()).map(Object.class::cast),
            Arbitraries.of(List.of(), List.of("a"), true));
    return Arbitraries.maps(names, Arbitraries.oneOf(numbers, numbers, others))
        .ofMaxSize(4)
        .map(
            fields -> {
              ObjectNode body = JsonNodeFactory.instance.objectNode();
              body.put("model", "small").put("prompt", "a red apple");
              fields.forEach((name, value) -> body.set(name, JSON.valueToTree(value)));
              return body;
            });
  }

  private static Arrival arrival(long random) {
    return new Arrival("gen_1", "default", 1_000_000, random);
  }
}
