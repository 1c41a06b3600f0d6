package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.InputIds;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In prompts and bodies here A and B are the ids of two pictures. */
class MidjourneyPicturesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String A = "input_" + "ab".repeat(32);
  private static final String B = "input_" + "cd".repeat(32);

  private final RequestValidator validator =
      new RequestValidator(
          new TestModels(),
          new Presets(Wildcards.NONE, Styles.parse("name,prompt\noil,{prompt} in oil")),
          url -> Optional.empty());

  @Test
  void aPromptBeginsWithItsPictures() {
    GenerationRequest request = valid("A B a cat --iw 0.5 --seed 5");

    assertThat(request.getPrompt()).isEqualTo(A + " " + B + " a cat --iw 0.5 --seed 5");
    assertThat(pictures(request)).containsExactly(tuple(A, 0.5f), tuple(B, 0.5f));
    assertThat(request.getSeed()).isEqualTo(5);
    assertThat(texts(request)).containsExactly("a cat");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "A                  | 1    | ``",
        "A a cat            | 1    | a cat",
        " A\\n a cat::2 b   | 1    | a cat::2 b",
        "A --iw 3           | 3    | ``",
        "A a cat --iw .25   | 0.25 | a cat",
        "A a cat --iw 2.    | 2    | a cat",
        "A a cat --iw 0     | 0    | a cat",
        "A a cat --no dogs  | 1    | a cat:: dogs::-0.5",
      })
  void whatIsLeftIsTheTextWhichMayBeNothing(String prompt, float weight, String text) {
    GenerationRequest request = valid(prompt);

    assertThat(pictures(request)).containsExactly(tuple(A, weight));
    assertThat(texts(request)).containsExactly(text);
  }

  @Test
  void stylesAndChoicesAreOfWhatIsLeft() {
    assertThat(texts(valid("A --no dogs", ",'styles':['oil']")))
        .containsExactly(" in oil:: dogs::-0.5");
    assertThat(texts(valid("A {cat}", ",'dynamic_prompts':true"))).containsExactly("cat");
    assertThat(texts(valid("A {|}", ",'dynamic_prompts':true"))).containsExactly("");
    assertThat(invalid("{A|B} a cat", ",'dynamic_prompts':true"))
        .extracting(FieldError::code)
        .containsExactly("invalid_parameter");
  }

  @Test
  void theAnswersRequestCanBeSentAgain() throws Exception {
    for (String prompt : List.of("A B a cat --iw 0.7", "A B", "A a cat", "A a cat --iw 0")) {
      GenerationRequest first = valid(prompt);
      ObjectNode again = JSON.createObjectNode();
      ArrayNode pictures = again.putArray("image_prompts");
      for (ImagePrompt picture : first.getImagePromptsList()) {
        ObjectNode shown = pictures.addObject().put("weight", picture.getWeight());
        shown.putObject("image").put("input", InputIds.of(picture.getInput()));
      }
      again.putArray("expanded_prompts").addObject().put("prompt", texts(first).get(0));

      assertThat(
              valid(prompt, ",'seed':7," + JSON.writeValueAsString(again).replaceAll("^.|.$", "")))
          .isEqualTo(first);
    }
  }

  @Test
  void aPictureOfTheFieldHasTheWeightThatTheFieldOrThePromptSays() {
    String field =
        ",'image_prompts':[{'image':{'input':'A'}},{'image':{'input':'B'},'weight':0.5}]";

    assertThat(pictures(valid("a cat --iw 0.5", field)))
        .containsExactly(tuple(A, 0.5f), tuple(B, 0.5f));
    assertThat(pictures(valid("A B a cat", field))).containsExactly(tuple(A, 1f), tuple(B, 0.5f));
    assertThat(texts(valid("--iw 0.5", field))).containsExactly("");
    assertThat(valid("", field).getExpandedPromptsList()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "A a cat        | ,'image_prompts':[{'image':{'input':'B'}}]     | image_prompts | contradiction",
        "A B a cat      | ,'image_prompts':[{'image':{'input':'A'}}]     | image_prompts | contradiction",
        "A a cat        | ,'image_prompts':[]                            | image_prompts | contradiction",
        "A B a cat | ,'image_prompts':[{'image':{'input':'B'}},{'image':{'input':'A'}}] | image_prompts | contradiction",
        "A a --iw 2 | ,'image_prompts':[{'image':{'input':'A'},'weight':1}] | image_prompts[0].weight | contradiction",
        "a --iw 1 --iw 2 | ,'image_prompts':[{'image':{'input':'A'}}]   | image_prompts[0].weight | contradiction",
        "A a cat        | ,'image_prompts':{}                            | image_prompts | wrong_type",
        "A A A A A a    | ``           | image_prompts | too_many",
        "A --iw 0       | ``           | prompt | empty",
        "A --no dogs    | ``           | prompt | invalid_parameter",
        "A a --iw 3.1   | ``           | prompt | invalid_parameter",
        "A a --iw -1    | ``           | prompt | invalid_parameter",
        "A a --iw       | ``           | prompt | invalid_parameter",
        "A a --iw much  | ``           | prompt | invalid_parameter",
        "A a --iw 1e0   | ``           | prompt | invalid_parameter",
        "a cat A        | ``           | prompt | invalid_parameter",
        "a cat A --iw 1 | ,'image_prompts':[{'image':{'input':'B'}}]     | prompt | invalid_parameter",
        "A, a cat       | ``           | prompt | invalid_parameter",
        "A::2 a cat     | ``           | prompt | invalid_parameter",
        "A a cat::1 B   | ``           | prompt | invalid_parameter",
        "a cat --no A   | ``           | prompt | invalid_parameter",
        "https://a.example/b.png a cat --iw 2   | `` | prompt | unknown_input",
        "HTTP://a.example/b.png                 | `` | prompt | unknown_input",
        "A https://a.example/b.png A a cat      | `` | prompt | unknown_input",
      })
  void whatCannotBeOrContradictsIsSaid(String prompt, String fields, String field, String code) {
    assertThat(invalid(prompt, fields))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field, code));
  }

  @Test
  void anErrorSaysHowPicturesAreNamed() {
    assertThat(invalid("a cat --iw 2", "").get(0).message())
        .contains("--iw", "POST /v1/inputs", "begin the prompt with its id");
    assertThat(invalid("https://a.example/b.png a cat", "").get(0).message())
        .contains("URL", "POST /v1/inputs", "name its id")
        .doesNotContain("a.example");
    assertThat(invalid("a cat A", "").get(0).message()).contains("before the text");
  }

  @Test
  void aModelThatTakesNoneSaysSo() {
    String body = "{'model':'flow','prompt_syntax':'midjourney','prompt':'A a cat'}";

    assertThat(((Validated.Invalid) validate(body)).errors())
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("image_prompts", "not_applicable"));
  }

  @Test
  void whatAChoiceLeavesNothingOfHasNothingToTakeFrom() {
    String choices = ",'count':16,'seed':1,'dynamic_prompts':true";

    assertThat(invalid("A {cat|} --no dogs", choices))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", "invalid_parameter"));
    assertThat(texts(valid("A {cat|fox} --no dogs", choices))).hasSize(16);
  }

  private static List<Tuple> pictures(GenerationRequest request) {
    return request.getImagePromptsList().stream()
        .map(picture -> tuple(InputIds.of(picture.getInput()), picture.getWeight()))
        .toList();
  }

  private static List<String> texts(GenerationRequest request) {
    return request.getExpandedPromptsList().stream().map(ExpandedPrompts::getPrompt).toList();
  }

  private GenerationRequest valid(String prompt) {
    return valid(prompt, "");
  }

  private GenerationRequest valid(String prompt, String fields) {
    Validated validated = validate(body(prompt, fields));
    assertThat(validated).isInstanceOf(Validated.Valid.class);
    return ((Validated.Valid) validated).request();
  }

  private List<FieldError> invalid(String prompt, String fields) {
    Validated validated = validate(body(prompt, fields));
    assertThat(validated).isInstanceOf(Validated.Invalid.class);
    return ((Validated.Invalid) validated).errors();
  }

  private static String body(String prompt, String fields) {
    return "{'model':'small','prompt_syntax':'midjourney','prompt':'" + prompt + "'" + fields + "}";
  }

  private Validated validate(String body) {
    String sent = body.replaceAll("\\bA\\b", A).replaceAll("\\bB\\b", B).replace('\'', '"');
    return validator.validate(
        sent.getBytes(StandardCharsets.UTF_8), new Arrival("gen_1", "default", 1_000, 7));
  }
}
