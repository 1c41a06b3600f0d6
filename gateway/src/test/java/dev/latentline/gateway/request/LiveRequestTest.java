package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.proto.v1.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The messages of live mode, and the requests in them. */
class LiveRequestTest {
  private static final Arrival ARRIVAL = new Arrival("gen_1", "default", 1_000_000, -1);

  private final RequestValidator validator =
      new RequestValidator(new TestModels(), Presets.NONE, url -> Optional.empty());

  @Test
  void aLiveRequestIsOneThatIsShortAndMarked() {
    GenerationRequest request = valid("{'model':'small','prompt':'a red apple','steps':4}");

    assertThat(request.getLive()).isTrue();
    assertThat(request.getSteps()).isEqualTo(4);
    assertThat(request.getCount()).isEqualTo(1);
    assertThat(request.getGuidanceScale()).isEqualTo(3);
    assertThat(request.getDeadlineMs()).isEqualTo(ARRIVAL.atMs() + Limits.LIVE_DEADLINE.toMillis());
    Validated later = validator.validate(bytes("{'model':'small','prompt':'x'}"), ARRIVAL);
    assertThat(((Validated.Valid) later).request().getLive()).isFalse();
  }

  @Test
  void aModelOfManyStepsIsUsedWhereTheRequestSaysFewer() {
    assertThat(invalid("{'model':'small','prompt':'x'}"))
        .containsExactly(
            new FieldError(
                "steps",
                "missing",
                "The model's default of 25 is too many for live mode: say 1 to 8",
                Optional.of(Allowed.range(1, 8))));
    assertThat(invalid("{'model':'small','prompt':'x','steps':9}"))
        .extracting(FieldError::field, FieldError::code, FieldError::allowed)
        .containsExactly(tuple("steps", "out_of_range", Optional.of(Allowed.range(1L, 8L))));
    assertThat(valid("{'model':'small','prompt':'x','steps':8}").getSteps()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'controls':[]                         | controls
          'image_prompts':[]                    | image_prompts
          'count':1                             | count
          'deadline_s':5                        | deadline_s
          'upscale':2                           | upscale
          'upscaler':'esrgan'                   | upscaler
          'webhook':{'url':'https://a.example/'} | webhook
          """)
  void whatMakesNoSenseLiveIsRefused(String field, String name) {
    assertThat(invalid("{'model':'small','prompt':'x','steps':4," + field.strip() + "}"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(name, "not_live"));
  }

  @Test
  void whateverElseIsWrongIsFoundAsEver() {
    assertThat(invalid("{'model':'none','prompt':'','guidance_scale':31,'colour':1}"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactlyInAnyOrder(
            tuple("model", "unknown_model"),
            tuple("prompt", "empty"),
            tuple("guidance_scale", "out_of_range"),
            tuple("colour", "unknown_field"));
  }

  @Test
  void aMessageIsANumberAndARequest() {
    LiveMessage message =
        LiveMessage.read(bytes("{'seq':3,'request':{'model':'small','prompt':'a ü'}}"), 2);

    assertThat(message.errors()).isEmpty();
    assertThat(message.seq()).hasValue(3);
    assertThat(new String(message.request(), StandardCharsets.UTF_8))
        .isEqualTo("{\"model\":\"small\",\"prompt\":\"a ü\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'request':{}}                        | seq     | missing
          {'seq':2,'request':{}}                | seq     | out_of_range
          {'seq':'3','request':{}}              | seq     | wrong_type
          {'seq':9007199254740992,'request':{}} | seq     | out_of_range
          {'seq':3}                             | request | missing
          {'seq':3,'request':[]}                | request | wrong_type
          {'seq':3,'request':{},'prompt':'x'}   | prompt  | unknown_field
          {'seq':3,'request':{'a':1,'a':2}}     | ``      | duplicate
          [3]                                   | ``      | wrong_type
          {'seq':3,                             | ``      | invalid_json
          """)
  void aMessageThatIsSomethingElseIsRefused(String text, String field, String code) {
    assertThat(LiveMessage.read(bytes(text), 2).errors())
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field, code));
  }

  @Test
  void aRefusalNamesTheMessageWhereItCan() {
    assertThat(LiveMessage.read(bytes("{'seq':7}"), 2).seq()).hasValue(7);
    assertThat(LiveMessage.read(bytes("{'seq':1,'request':{}}"), 2).seq())
        .isEqualTo(OptionalLong.empty());
  }

  @Test
  void aLongMessageIsNotRead() {
    byte[] most = bytes("{'seq':3,'request':{}}" + " ".repeat(Limits.MAX_LIVE_MESSAGE_BYTES - 22));
    assertThat(LiveMessage.read(most, 2).errors()).isEmpty();
    byte[] more = bytes("{'seq':3,'request':{}}" + " ".repeat(Limits.MAX_LIVE_MESSAGE_BYTES - 21));
    assertThat(LiveMessage.read(more, 2).errors())
        .extracting(FieldError::code)
        .containsExactly("too_large");
  }

  private GenerationRequest valid(String body) {
    return ((Validated.Valid) validator.validateLive(bytes(body), ARRIVAL)).request();
  }

  private List<FieldError> invalid(String body) {
    return ((Validated.Invalid) validator.validateLive(bytes(body), ARRIVAL)).errors();
  }

  private static byte[] bytes(String body) {
    return body.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }
}
