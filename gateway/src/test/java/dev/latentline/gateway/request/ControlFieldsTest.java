package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Sampler;
import dev.latentline.contract.Schedule;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.Defaults;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.UNet;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlFieldsTest {
  private static final String SHA256 = "ab".repeat(32);
  private static final String INPUT = "input_" + SHA256;
  private static final String IMAGE = "'image':{'input':'" + INPUT + "'}";

  private static final ModelCard STEERED = card("steered", Optional.of("controlled.onnx"));
  private static final ModelCard FREE = card("free", Optional.empty());
  private static final ControlNetCard EDGES = TestModels.controlNet("edges", "sd");
  private static final ControlNetCard DEPTH = TestModels.controlNet("depth", "sd");
  private static final ControlNetCard OTHER = TestModels.controlNet("other", "xl");

  @Test
  void aPictureSteersFullyThroughAllStepsAsItIs() {
    ControlPicture control = valid("{'name':'edges'," + IMAGE + "}").get(0);

    assertThat(control.getControlNet().getName()).isEqualTo("edges");
    assertThat(control.getControlNet().getDigest()).isEqualTo(EDGES.digest());
    assertThat(control.getInput()).isEqualTo(SHA256);
    assertThat(control.getPreprocessor()).isEqualTo("none");
    assertThat(control.getWeight()).isEqualTo(1);
    assertThat(control.getStart()).isZero();
    assertThat(control.getEnd()).isEqualTo(1);
    assertThat(control.toBuilder().build()).isEqualTo(control);
  }

  @Test
  void everythingCanBeSaid() {
    ControlPicture control =
        valid(
                "{'name':'"
                    + EDGES.reference()
                    + "',"
                    + IMAGE
                    + ",'preprocessor':'canny','weight':0.7,'start':0.1,'end':0.1}")
            .get(0);

    assertThat(control.getPreprocessor()).isEqualTo("canny");
    assertThat(control.getWeight()).isEqualTo(0.7f);
    assertThat(control.getStart()).isEqualTo(0.1);
    assertThat(control.getEnd()).isEqualTo(0.1);
    assertThat(valid("{'name':'edges'," + IMAGE + ",'weight':-0.0}").get(0).getWeight())
        .isEqualTo(0f);
  }

  @Test
  void severalSteerInTheirOrderAndOneCanTwice() {
    String edges = "{'name':'edges'," + IMAGE + "}";
    String depth = "{'name':'depth'," + IMAGE + ",'weight':2}";

    assertThat(valid(String.join(",", depth, edges, edges, depth)))
        .extracting(control -> control.getControlNet().getName())
        .containsExactly("depth", "edges", "edges", "depth");
    assertThat(invalid("steered", String.join(",", edges, edges, edges, edges, edges)))
        .extracting(FieldError::field, FieldError::code, FieldError::allowed)
        .containsExactly(tuple("controls", "too_many", Optional.of(Allowed.range(0, 4))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'image':IMG}                                  | [0].name         | missing",
        "{'name':7,'image':IMG}                         | [0].name         | wrong_type",
        "{'name':'none','image':IMG}                    | [0].name         | unknown_controlnet",
        "{'name':'edges@sha256:00','image':IMG}         | [0].name         | unknown_controlnet",
        "{'name':'other','image':IMG}                   | [0].name         | controlnet_unfit",
        "{'name':'edges'}                               | [0].image        | missing",
        "{'name':'edges','image':'x'}                   | [0].image        | wrong_type",
        "{'name':'edges','image':{}}                    | [0].image.input  | missing",
        "{'name':'edges','image':{'input':7}}           | [0].image.input  | wrong_type",
        "{'name':'edges','image':{'input':'x'}}         | [0].image.input  | unknown_input",
        "{'name':'edges','image':{'input':'input_A'}}   | [0].image.input  | unknown_input",
        "{'name':'edges','image':{'url':'x'}}           | [0].image.url    | unknown_field",
        "{'name':'edges','image':IMG,'strength':1}      | [0].strength     | unknown_field",
        "{'name':'edges','image':IMG,'preprocessor':'x'} | [0].preprocessor | not_allowed",
        "{'name':'edges','image':IMG,'weight':2.1}      | [0].weight       | out_of_range",
        "{'name':'edges','image':IMG,'weight':-0.1}     | [0].weight       | out_of_range",
        "{'name':'edges','image':IMG,'weight':'1'}      | [0].weight       | wrong_type",
        "{'name':'edges','image':IMG,'start':-1}        | [0].start        | out_of_range",
        "{'name':'edges','image':IMG,'end':1.5}         | [0].end          | out_of_range",
        "{'name':'edges','image':IMG,'start':0.6,'end':0.5} | [0].end      | out_of_range",
        "7                                              | [0]              | wrong_type",
      })
  void whatCannotBeIsRefused(String control, String field, String code) {
    String written = control.strip().replace("IMG", "{'input':'" + INPUT + "'}");
    assertThat(invalid("steered", written))
        .filteredOn(error -> error.field().equals("controls" + field.strip()))
        .extracting(FieldError::code)
        .containsExactly(code.strip());
  }

  @Test
  void whichOnesThereAreIsSaid() {
    FieldError error = invalid("steered", "{'name':'none'," + IMAGE + "}").get(0);

    assertThat(error.allowed().orElseThrow().values()).isEqualTo(List.of("depth", "edges"));
    assertThat(error.message()).contains("[depth, edges]");
  }

  @Test
  void aModelThatTakesNoneSaysSo() {
    assertThat(invalid("free", "{'name':'edges'," + IMAGE + "}"))
        .containsExactly(
            new FieldError(
                "controls[0].name",
                "controlnet_unfit",
                "The model takes no ControlNets",
                Optional.of(Allowed.oneOf(List.of()))));
  }

  @Test
  void ofAModelThatIsNotKnownThatIsSaidAlone() {
    assertThat(invalid("nothing", "{'name':'other'," + IMAGE + "}"))
        .extracting(FieldError::field)
        .containsExactly("model");
  }

  @Test
  void whatIsNoListIsRefused() {
    assertThat(((Validated.Invalid) validate("'model':'steered','controls':{}")).errors())
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("controls", "wrong_type"));
    assertThat(valid("")).isEmpty();
  }

  private static List<ControlPicture> valid(String controls) {
    GenerationRequest request =
        ((Validated.Valid) validate("'model':'steered','controls':[" + controls + "]")).request();
    return request.getControlsList();
  }

  private static List<FieldError> invalid(String model, String controls) {
    return ((Validated.Invalid) validate("'model':'" + model + "','controls':[" + controls + "]"))
        .errors();
  }

  private static Validated validate(String fields) {
    TestModels models =
        new TestModels() {
          @Override
          public Optional<ModelCard> find(String reference) {
            return Stream.of(STEERED, FREE).filter(c -> c.name().equals(reference)).findFirst();
          }

          @Override
          public Optional<ControlNetCard> controlNet(String reference) {
            return Stream.of(EDGES, DEPTH, OTHER)
                .filter(c -> reference.equals(c.name()) || reference.equals(c.reference()))
                .findFirst();
          }

          @Override
          public List<ControlNetCard> controlNetsOf(ModelCard model) {
            return Stream.of(DEPTH, EDGES, OTHER).filter(c -> c.fits(model)).toList();
          }
        };
    String body = "{" + (fields + ",'prompt':'x'").replace('\'', '"') + "}";
    return new RequestValidator(models, Presets.NONE, url -> Optional.empty())
        .validate(body.getBytes(StandardCharsets.UTF_8), new Arrival("gen_x", "default", 1_000, 7));
  }

  private static ModelCard card(String name, Optional<String> controlled) {
    return new ModelCard(
        name,
        TestModels.DIGEST,
        Path.of(name),
        "sd",
        Optional.empty(),
        "MIT",
        "",
        Instant.EPOCH,
        new Defaults(25, 5, 128, 128, Sampler.EULER, Schedule.NORMAL),
        TestModels.SMALL.limits(),
        List.of(),
        new UNet("unet.onnx", 4, 16, 0, false, 0, false, false, 0, false, 1, controlled),
        null,
        TestModels.SMALL.scheduler(),
        Optional.empty(),
        Map.of());
  }
}
