package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.FlowShift;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.SchedulerConfig;
import dev.latentline.inference.catalogue.TextEncoder;
import dev.latentline.inference.catalogue.UNet;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.proto.v1.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefinerFieldsTest {
  private static final ModelCard XL = card("xl", "xl", Optional.empty(), 32, 0.012, 0);
  private static final ModelCard OTHER = card("other", "sd", Optional.empty(), 32, 0.012, 0);
  private static final ModelCard GUIDED = card("guided", "xl", Optional.empty(), 32, 0.012, 256);
  private static final ModelCard FINE = card("fine", "xl-refiner", Optional.of("xl"), 64, 0.012, 0);
  private static final ModelCard NOISY =
      card("noisy", "xl-refiner", Optional.of("xl"), 64, 0.02, 0);
  private static final ModelCard AWAY = card("away", "xl-refiner", Optional.of("xl"), 64, 0.012, 0);

  @Test
  void theRefinerIsPinnedAndTakesOverAtFourFifths() {
    GenerationRequest request = valid("'model':'xl','refiner':'fine'");

    assertThat(request.getRefiner().getRefiner().getName()).isEqualTo("fine");
    assertThat(request.getRefiner().getRefiner().getDigest()).isEqualTo(FINE.digest());
    assertThat(request.getRefiner().getStart()).isEqualTo(0.8);
    assertThat(valid("'model':'xl','refiner':'" + FINE.reference() + "','refiner_start':0.805"))
        .extracting(other -> other.getRefiner().getStart())
        .as("to the last digit")
        .isEqualTo(0.805);
    assertThat(valid("'model':'xl'").hasRefiner()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'model':'xl','refiner':'none'                   | refiner       | unknown_refiner",
        "'model':'xl','refiner':'fine@sha256:00'         | refiner       | unknown_refiner",
        "'model':'xl','refiner':7                        | refiner       | wrong_type",
        "'model':'xl','refiner':'other'                  | refiner       | refiner_unfit",
        "'model':'xl','refiner':'xl'                     | refiner       | refiner_unfit",
        "'model':'other','refiner':'fine'                | refiner       | refiner_unfit",
        "'model':'xl','refiner':'noisy'                  | refiner       | refiner_unfit",
        "'model':'guided','refiner':'fine'               | refiner       | refiner_unfit",
        "'model':'xl','refiner':'away'                   | refiner       | refiner_not_served",
        "'model':'xl','refiner':'fine','width':96        | width         | refiner_unfit",
        "'model':'xl','refiner':'fine','clip_skip':3     | clip_skip     | refiner_unfit",
        "'model':'xl','refiner':'fine','refiner_start':2 | refiner_start | out_of_range",
        "'model':'xl','refiner_start':0.5                | refiner_start | missing",
        "'model':'fine'                                  | model         | refiner_alone",
      })
  void whatCannotBeIsRefused(String fields, String field, String code) {
    assertThat(validate(fields))
        .isInstanceOfSatisfying(
            Validated.Invalid.class,
            invalid ->
                assertThat(invalid.errors())
                    .extracting(FieldError::field, FieldError::code)
                    .containsExactly(org.assertj.core.groups.Tuple.tuple(field, code)));
  }

  @Test
  void aPictureCannotBeThePromptOfBoth() {
    String picture = "{'image':{'input':'input_" + "ab".repeat(32) + "'}}";

    assertThat(
            ((Validated.Invalid)
                    validate("'model':'xl','refiner':'fine','image_prompts':[" + picture + "]"))
                .errors())
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(org.assertj.core.groups.Tuple.tuple("refiner", "not_applicable"));
    assertThat(valid("'model':'xl','refiner':'fine','image_prompts':[]").hasRefiner()).isTrue();
  }

  @Test
  void whichRefinersThereAreIsSaid() {
    FieldError error =
        ((Validated.Invalid) validate("'model':'xl','refiner':'none'")).errors().get(0);

    assertThat(error.allowed().orElseThrow().values()).isEqualTo(List.of("fine"));
    assertThat(error.message()).contains("[fine]");
  }

  private static GenerationRequest valid(String fields) {
    return ((Validated.Valid) validate(fields)).request();
  }

  private static Validated validate(String fields) {
    TestModels models =
        new TestModels() {
          @Override
          public Optional<ModelCard> find(String reference) {
            return Stream.of(XL, OTHER, GUIDED, FINE, NOISY, AWAY)
                .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()))
                .findFirst();
          }

          @Override
          public List<ModelCard> refinersOf(ModelCard model) {
            return List.of(FINE);
          }

          @Override
          public Optional<String> poolOf(ModelCard model) {
            return Optional.of(model.equals(AWAY) ? "elsewhere" : "default");
          }
        };
    String body = "{" + (fields + ",'prompt':'x'").replace('\'', '"') + "}";
    return new RequestValidator(models, Presets.NONE, url -> Optional.empty())
        .validate(body.getBytes(StandardCharsets.UTF_8), new Arrival("gen_x", "default", 1_000, 7));
  }

  private static ModelCard card(
      String name,
      String family,
      Optional<String> refines,
      int multiple,
      double betaEnd,
      int guidanceSize) {
    return new ModelCard(
        name,
        "sha256:" + name,
        Path.of(name),
        family,
        refines,
        "MIT",
        "",
        Instant.EPOCH,
        new Defaults(25, 5, 128, 128, Sampler.EULER, Schedule.NORMAL),
        new ModelLimits(64, 256, 64, 256, multiple, 65536, 100),
        List.of(encoder(refines.isPresent() ? 1 : 3)),
        new UNet("unet.onnx", 4, 16, 0, false, guidanceSize, false),
        new Vae("decoder.onnx", "encoder.onnx", 8, 1, Optional.empty()),
        new SchedulerConfig(
            1000,
            SchedulerConfig.BetaSchedule.SCALED_LINEAR,
            0.00085,
            betaEnd,
            SchedulerConfig.PredictionType.EPSILON,
            SchedulerConfig.TimestepSpacing.LEADING,
            1,
            false,
            1,
            false,
            false,
            FlowShift.NONE),
        Optional.of(TestModels.SEEING),
        Map.of());
  }

  private static TextEncoder encoder(int skips) {
    return new TextEncoder(
        "tokenizer.json",
        "text.onnx",
        "states.0",
        77,
        16,
        OptionalLong.of(0),
        true,
        Stream.iterate(1, k -> k + 1).limit(skips).map(k -> "states." + k).toList(),
        Optional.empty(),
        TextEncoder.Join.BESIDE);
  }
}
