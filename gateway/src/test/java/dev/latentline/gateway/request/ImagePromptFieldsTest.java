package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ImagePrompt;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImagePromptFieldsTest {
  private static final String SHA256 = "ab".repeat(32);
  private static final String IMAGE = "'image':{'input':'input_" + SHA256 + "'}";

  private final RequestValidator validator =
      new RequestValidator(
          new TestModels(),
          new Presets(Wildcards.NONE, Styles.parse("name,prompt\noil,{prompt} in oil")),
          url -> Optional.empty());

  @Test
  void aPictureCountsAsThePromptDoes() {
    assertThat(valid("'prompt':'x','image_prompts':[{IMAGE}]").getImagePromptsList())
        .containsExactly(ImagePrompt.newBuilder().setInput(SHA256).setWeight(1).build());
  }

  @Test
  void severalCountAsTheyAreWeighedInTheirOrderAndOneCanTwice() {
    String pictures = "{IMAGE,'weight':0.7},{IMAGE,'weight':3},{IMAGE,'weight':-0.0},{IMAGE}";

    assertThat(valid("'prompt':'x','image_prompts':[" + pictures + "]").getImagePromptsList())
        .extracting(ImagePrompt::getWeight)
        .containsExactly(0.7f, 3f, 0f, 1f);
    assertThat(invalid("'prompt':'x','image_prompts':[" + pictures + ",{IMAGE}]"))
        .extracting(FieldError::field, FieldError::code, FieldError::allowed)
        .containsExactly(tuple("image_prompts", "too_many", Optional.of(Allowed.range(0, 4))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{}                              | [0].image        | missing",
        "{'image':'x'}                   | [0].image        | wrong_type",
        "{'image':{}}                    | [0].image.input  | missing",
        "{'image':{'input':7}}           | [0].image.input  | wrong_type",
        "{'image':{'input':'input_A'}}   | [0].image.input  | unknown_input",
        "{'image':{'url':'x'}}           | [0].image.url    | unknown_field",
        "{IMAGE,'name':'x'}              | [0].name         | unknown_field",
        "{IMAGE,'weight':3.1}            | [0].weight       | out_of_range",
        "{IMAGE,'weight':-0.1}           | [0].weight       | out_of_range",
        "{IMAGE,'weight':'1'}            | [0].weight       | wrong_type",
        "7                               | [0]              | wrong_type",
      })
  void whatCannotBeIsRefused(String picture, String field, String code) {
    assertThat(invalid("'prompt':'x','image_prompts':[" + picture.strip() + "]"))
        .filteredOn(error -> error.field().equals("image_prompts" + field.strip()))
        .extracting(FieldError::code)
        .containsExactly(code.strip());
  }

  @Test
  void whatIsWrongWithAPictureIsNotSaidOfThePromptToo() {
    assertThat(invalid("'image_prompts':[{'image':{'input':'x'}}]"))
        .extracting(FieldError::field)
        .containsExactly("image_prompts[0].image.input");
  }

  @Test
  void aModelThatTakesNoneSaysWhichDo() {
    for (String model : List.of("chunked", "flow")) {
      assertThat(invalid(model, "'prompt':'x','image_prompts':[{IMAGE}]"))
          .containsExactly(
              new FieldError(
                  "image_prompts",
                  "not_applicable",
                  "The model takes no pictures as prompts; those that do are [small]"));
      assertThat(valid(model, "'prompt':'x','image_prompts':[]").getImagePromptsList()).isEmpty();
    }
    assertThat(invalid("nothing", "'prompt':'x','image_prompts':[{IMAGE}]"))
        .extracting(FieldError::field)
        .containsExactly("model");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "'prompt':null,", "'prompt':'',", "'prompt':' \\n',"})
  void aPictureNeedsNoPrompt(String prompt) {
    GenerationRequest request = valid(prompt + "'image_prompts':[{IMAGE,'weight':0.1}]");

    assertThat(request.getPrompt()).isEmpty();
    assertThat(request.getExpandedPromptsList()).isEmpty();
    assertThat(request.getImagePromptsCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "'prompt':null,", "'prompt':'',"})
  void norInMidjourneysSyntax(String prompt) {
    String syntax = prompt + "'prompt_syntax':'midjourney','image_prompts':[{IMAGE}]";

    assertThat(valid(syntax).getPrompt()).isEmpty();
    assertThat(valid(syntax).getExpandedPromptsList()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'prompt':'ID a cat'                               | prompt",
        "'prompt':'ID a cat','prompt_syntax':'a1111'       | prompt",
        "'prompt':'a cat','negative_prompt':'ID'           | negative_prompt",
        "'prompt':'{a}','dynamic_prompts':true,'expanded_prompts':[{'prompt':'ID a'}] | expanded_prompts[0].prompt",
      })
  void anIdIsNotDrawnAsWords(String fields, String field) {
    assertThat(invalid(fields.strip().replace("ID", "input_" + "0".repeat(64))))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field.strip(), "invalid_text"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'image_prompts':[{IMAGE,'weight':0}]              | missing",
        "'image_prompts':[]                                | missing",
        "'prompt':' ','image_prompts':[{IMAGE,'weight':0}] | empty",
      })
  void whatDoesNotCountStandsForNoPrompt(String fields, String code) {
    assertThat(invalid(fields.strip()))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", code.strip()));
  }

  @Test
  void anEmptyPromptCanHaveAStyle() {
    GenerationRequest request = valid("'styles':['oil'],'image_prompts':[{IMAGE}]");

    assertThat(request.getPrompt()).isEmpty();
    assertThat(request.getExpandedPromptsList())
        .containsExactly(ExpandedPrompts.newBuilder().setPrompt(" in oil").build());
  }

  @Test
  void choicesMayLeaveNothingOfAPrompt() {
    String pictures = ",'dynamic_prompts':true,'count':16,'image_prompts':[{IMAGE}]";

    assertThat(valid("'prompt':'{a cat|}'" + pictures).getExpandedPromptsList())
        .extracting(ExpandedPrompts::getPrompt)
        .hasSize(16)
        .containsOnly("a cat", "");
    assertThat(valid("'prompt':'{ |}'" + pictures).getExpandedPromptsList())
        .extracting(ExpandedPrompts::getPrompt)
        .containsExactly("");
    assertThat(valid("'prompt':' '" + pictures).getExpandedPromptsList())
        .extracting(ExpandedPrompts::getPrompt)
        .containsExactly("");
  }

  @Test
  void whatAPromptBecameMayBeNothing() {
    String expanded =
        "'prompt':'{a cat|}','dynamic_prompts':true,'expanded_prompts':[{'prompt':''}]";

    assertThat(valid(expanded + ",'image_prompts':[{IMAGE}]").getExpandedPrompts(0).getPrompt())
        .isEmpty();
    assertThat(invalid(expanded + ",'image_prompts':[{IMAGE,'weight':0}]"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("expanded_prompts[0].prompt", "empty"));
  }

  @Test
  void aPromptMayHaveNothingButTags() {
    String tags = "'prompt':'<lora:ink:0.5> ','prompt_syntax':'a1111','image_prompts':[{IMAGE";
    GenerationRequest request = valid(tags + "}]");

    assertThat(request.getPrompt()).isEmpty();
    assertThat(request.getLorasCount()).isEqualTo(1);
    assertThat(invalid(tags + ",'weight':0}]"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", "empty"));
  }

  private GenerationRequest valid(String fields) {
    return valid("small", fields);
  }

  private GenerationRequest valid(String model, String fields) {
    Validated validated = validate(model, fields);
    assertThat(validated).isInstanceOf(Validated.Valid.class);
    return ((Validated.Valid) validated).request();
  }

  private List<FieldError> invalid(String fields) {
    return invalid("small", fields);
  }

  private List<FieldError> invalid(String model, String fields) {
    Validated validated = validate(model, fields);
    assertThat(validated).isInstanceOf(Validated.Invalid.class);
    return ((Validated.Invalid) validated).errors();
  }

  private Validated validate(String model, String fields) {
    String body = "{'model':'" + model + "'," + fields.replace("IMAGE", IMAGE) + "}";
    return validator.validate(
        body.replace('\'', '"').getBytes(StandardCharsets.UTF_8),
        new Arrival("gen_x", "default", 1_000, 7));
  }
}
