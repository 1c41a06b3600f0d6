package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Limits;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MidjourneyParametersTest {
  private final RequestValidator validator =
      new RequestValidator(
          new TestModels(),
          new Presets(Wildcards.NONE, Styles.parse("name,prompt\noil,{prompt} in oil")),
          url -> Optional.empty());

  @Test
  void whatStandsBehindThePromptBecomesFields() {
    GenerationRequest request = valid("a cat --ar 2:1 --seed 42 --no dogs, text --repeat 3");

    assertThat(request.getPrompt())
        .isEqualTo("a cat --ar 2:1 --seed 42 --no dogs, text --repeat 3");
    assertThat(request.getPromptSyntax()).isEqualTo("midjourney");
    assertThat(request.getEmphasis()).isEmpty();
    assertThat(request.getSeed()).isEqualTo(42);
    assertThat(request.getCount()).isEqualTo(3);
    assertThat(request.getWidth()).isEqualTo(2 * request.getHeight());
    assertThat(request.getExpandedPromptsList())
        .containsExactly(
            ExpandedPrompts.newBuilder().setPrompt("a cat:: dogs, text::-0.5").build());
  }

  @Test
  void theAnswersRequestCanBeSentAgain() {
    GenerationRequest first = valid("a cat --ar 3:2 --seed 42 --no dogs");

    GenerationRequest again =
        valid(
            "a cat --ar 3:2 --seed 42 --no dogs",
            String.format(
                ",'seed':%d,'width':%d,'height':%d,'count':1,"
                    + "'expanded_prompts':[{'prompt':'a cat:: dogs::-0.5'}]",
                first.getSeed(), first.getWidth(), first.getHeight()));

    assertThat(again).isEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a::2 b --no c               | a::2 b:: c::-0.5",
        "a::2 b::3 --no c            | a::2 b::3 c::-0.5",
        "a:: --no c --no d           | a:: c::-0.5 d::-0.5",
        "a --no c --no d             | a:: c::-0.5 d::-0.5",
        "a::.5 --no c                | a::.5 c::-0.5",
        "a::+2. --no c               | a::+2. c::-0.5",
        "a::- --no c                 | a::-:: c::-0.5",
        "a::1.2.3 --no c             | a::1.2.3:: c::-0.5",
        "a::: --no c                 | a::: c::-0.5",
        "a: --no c                   | a::: c::-0.5",
        "a --seed 1                  | a",
        "well-made -- and --- so on  | ",
        "a--b                        | ",
        "a --aspect 4:3              | a",
        "a —ar 4:3                   | a",
      })
  void whatIsLeftIsTheText(String prompt, String text) {
    GenerationRequest request = valid(prompt);

    if (text == null) {
      assertThat(request.getExpandedPromptsList()).isEmpty();
    } else {
      assertThat(request.getExpandedPromptsList())
          .extracting(ExpandedPrompts::getPrompt)
          .containsExactly(text);
    }
  }

  @Test
  void stylesComeBeforeWhatIsUnwantedAndChoicesLast() {
    assertThat(
            valid("a {cat} --no dogs", ",'styles':['oil'],'dynamic_prompts':true")
                .getExpandedPrompts(0)
                .getPrompt())
        .isEqualTo("a cat in oil:: dogs::-0.5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a --ar 16:9          | ``                       | 160 | 96",
        "a --ar 4:3           | ``                       | 128 | 96",
        "a --ar 1:2           | ,'height':256            | 128 | 256",
        "a --ar 2:1           | ,'width':256             | 256 | 128",
        "a --ar 4:3           | ,'width':128,'height':96 | 128 | 96",
      })
  void aRatioIsOfTheModelsOwnAreaOrOfTheSideThatIsSet(
      String prompt, String fields, int width, int height) {
    GenerationRequest request = valid(prompt, fields);

    assertThat(List.of(request.getWidth(), request.getHeight())).containsExactly(width, height);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a --seed 5         | ,'seed':6                 | seed   | contradiction",
        "a --repeat 2       | ,'count':3                | count  | contradiction",
        "a --ar 2:1         | ,'width':64,'height':256  | width  | contradiction",
        "a --seed x         | ``                        | prompt | invalid_parameter",
        "a --seed           | ``                        | prompt | invalid_parameter",
        "a --ar wide        | ``                        | prompt | invalid_parameter",
        "a --ar 0:1         | ``                        | prompt | invalid_parameter",
        "a --ar 9999:1      | ``                        | prompt | invalid_parameter",
        "a --no             | ``                        | prompt | invalid_parameter",
        "a --no b::2        | ``                        | prompt | invalid_parameter",
        "--seed 5           | ``                        | prompt | empty",
        "a --repeat 17      | ``                        | count  | out_of_range",
        "a --stylize 100    | ``                        | prompt | unsupported_parameter",
        "a --v 6            | ``                        | prompt | unsupported_parameter",
        "a --sref 2         | ``                        | prompt | unsupported_parameter",
        "a                  | ,'emphasis':'ignore'      | emphasis | not_applicable",
      })
  void whatCannotBeOrContradictsIsSaid(String prompt, String fields, String field, String code) {
    assertThat(invalid(prompt, fields))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field, code));
  }

  @Test
  void anErrorNamesTheParameterAndThoseThatAreThere() {
    assertThat(invalid("a --sref x", "").get(0).message())
        .contains("--sref", "a picture can only be a prompt here");
    FieldError error = invalid("a --s 100", "").get(0);
    assertThat(error.message()).contains("--s:", "leave it out");
    assertThat(error.allowed())
        .contains(Allowed.oneOf(List.of("--ar", "--iw", "--no", "--repeat", "--seed")));
  }

  @Test
  void inAnotherSyntaxAParameterIsText() {
    String body =
        "{\"model\":\"small\",\"prompt\":\"a --seed 5 --iw 2\",\"prompt_syntax\":\"a1111\"}";
    GenerationRequest request =
        ((Validated.Valid)
                validator.validate(
                    body.getBytes(StandardCharsets.UTF_8),
                    new Arrival("gen_1", "default", 1_000, 7)))
            .request();

    assertThat(request.getSeed()).isEqualTo(7);
    assertThat(request.getExpandedPromptsList()).isEmpty();
  }

  @Test
  void thereAreSoManyParametersAtMost() {
    assertThat(valid("a" + " --no b".repeat(16)).getExpandedPrompts(0).getPrompt())
        .isEqualTo("a::" + " b::-0.5".repeat(16));
    FieldError error = invalid("a --v 5" + " --no b".repeat(1700), "").get(0);

    assertThat(invalid("a --v 5" + " --no b".repeat(1700), "")).hasSize(1);
    assertThat(error.field()).isEqualTo("prompt");
    assertThat(error.code()).isEqualTo("too_many");
    assertThat(error.message()).isEqualTo("Has 1701 parameters; at most 16");
    assertThat(error.allowed()).contains(Allowed.range(0, 16));
  }

  @Test
  void ofAPromptThatIsTooLongOnlyThatIsSaid() {
    assertThat(invalid("a --seed x --no " + "b".repeat(Limits.MAX_PROMPT_CODE_POINTS), ""))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", "too_long"));
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String part : List.of("1", "1.", ".1", ": ", "\u03a3", "\u0301", "--no ")) {
            String text = part.repeat(31_000 / part.length());
            validate("x::" + text + "y" + " --no a".repeat(16), "");
            validate("x::" + text + "y" + " --no a".repeat(100), "");
          }
        });
  }

  private GenerationRequest valid(String prompt) {
    return valid(prompt, "");
  }

  private GenerationRequest valid(String prompt, String fields) {
    Validated validated = validate(prompt, fields);
    assertThat(validated).isInstanceOf(Validated.Valid.class);
    return ((Validated.Valid) validated).request();
  }

  private List<FieldError> invalid(String prompt, String fields) {
    Validated validated = validate(prompt, fields);
    assertThat(validated).isInstanceOf(Validated.Invalid.class);
    return ((Validated.Invalid) validated).errors();
  }

  private Validated validate(String prompt, String fields) {
    String body =
        "{'model':'small','prompt_syntax':'midjourney','prompt':'" + prompt + "'" + fields + "}";
    return validator.validate(
        body.replace('\'', '"').getBytes(StandardCharsets.UTF_8),
        new Arrival("gen_1", "default", 1_000, 7));
  }
}
