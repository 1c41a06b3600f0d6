package dev.latentline.gateway.request;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Sampler;
import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.ModelLimits;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Lora;
import dev.latentline.proto.v1.ModelRef;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestValidatorTest {
  private static final Arrival ARRIVAL = new Arrival("gen_1", "default", 1_000_000, -1);
  private static final String MAX_SEED = "9007199254740991";

  private static final Presets PRESETS =
      new Presets(
          Wildcards.of(Map.of("pet", List.of("cat", "dog"), "ink", List.of("a <lora:ink>"))),
          Styles.parse(
              """
              name,prompt,negative_prompt
              oil,"oil painting of {prompt}, thick",photo
              bright,bright colours,
              dynamic,a {big|small} {prompt},
              inked,{prompt} <lora:ink:1>,
              careful,{prompt},easynegative
              """));

  private final RequestValidator validator =
      new RequestValidator(
          new TestModels(),
          PRESETS,
          url -> url.startsWith("https://") ? Optional.empty() : Optional.of("Must be https"));

  @Test
  void theSmallestBodyGetsEveryDefaultOfTheModel() {
    GenerationRequest request = valid("{'model':'small','prompt':'a red apple'}");

    assertThat(request.getGenerationId()).isEqualTo("gen_1");
    assertThat(request.getTenant()).isEqualTo("default");
    assertThat(request.getModel().getName()).isEqualTo("small");
    assertThat(request.getModel().getDigest()).isEqualTo(TestModels.DIGEST);
    assertThat(request.getPool()).isEqualTo("default");
    assertThat(request.getPrompt()).isEqualTo("a red apple");
    assertThat(request.getNegativePrompt()).isEmpty();
    assertThat(request.getSeed()).isEqualTo(0xffff_ffffL);
    assertThat(request.getSteps()).isEqualTo(25);
    assertThat(request.getGuidanceScale()).isEqualTo(3);
    assertThat(request.getGuidanceRescale()).isZero();
    assertThat(request.getSampler()).isEqualTo("ddim");
    assertThat(request.getSchedule()).isEqualTo("normal");
    assertThat(request.getEta()).isZero();
    assertThat(request.getSNoise()).isEqualTo(1);
    assertThat(request.getRng()).isEqualTo("nv");
    assertThat(request.getDeterministic()).isFalse();
    assertThat(request.getWidth()).isEqualTo(128);
    assertThat(request.getHeight()).isEqualTo(96);
    assertThat(request.getCount()).isEqualTo(1);
    assertThat(request.getOutputFormat()).isEqualTo("png");
    assertThat(request.hasUpscale()).isFalse();
    assertThat(request.hasWebhook()).isFalse();
    assertThat(request.getMetadataMap()).isEmpty();
    assertThat(request.getAcceptedAtMs()).isEqualTo(1_000_000);
    assertThat(request.getDeadlineMs()).isEqualTo(1_000_000 + 3_600_000);
  }

  @Test
  void everyFieldIsTakenOver() {
    GenerationRequest request =
        valid(
            """
            {"model":"small@%s","prompt":"a red apple 🍎\\n\\ton a table","negative_prompt":"text",
             "prompt_syntax":"a1111","emphasis":"no_norm","clip_skip":1,"seed":42,"steps":30,"guidance_scale":7.5,"guidance_rescale":0.7,"sampler":"tcd","schedule":"beta",
             "eta":0.25,"s_noise":1.01,"rng":"cpu","deterministic":true,
             "width":256,"height":64,"upscale":4,"count":4,"deadline_s":60,"output_format":"png",
             "webhook":{"url":"https://example.com/hook","events":["generation.failed"]},
             "metadata":{"order":"7","note":""}}
            """
                .formatted(TestModels.DIGEST));

    assertThat(request.getPrompt()).isEqualTo("a red apple 🍎\n\ton a table");
    assertThat(request.getNegativePrompt()).isEqualTo("text");
    assertThat(request.getPromptSyntax()).isEqualTo("a1111");
    assertThat(request.getEmphasis()).isEqualTo("no_norm");
    assertThat(request.getSeed()).isEqualTo(42);
    assertThat(request.getSteps()).isEqualTo(30);
    assertThat(request.getGuidanceScale()).isEqualTo(7.5f);
    assertThat(request.getGuidanceRescale()).isEqualTo(0.7f);
    assertThat(request.getSampler()).isEqualTo("tcd");
    assertThat(request.getSchedule()).isEqualTo("beta");
    assertThat(request.getEta()).isEqualTo(0.25f);
    assertThat(request.getSNoise()).isEqualTo(1.01f);
    assertThat(request.getRng()).isEqualTo("cpu");
    assertThat(request.getDeterministic()).isTrue();
    assertThat(request.getWidth()).isEqualTo(256);
    assertThat(request.getHeight()).isEqualTo(64);
    assertThat(request.getUpscale().getFactor()).isEqualTo(4);
    assertThat(request.getUpscale().getUpscaler().getName()).isEqualTo("esrgan");
    assertThat(request.getUpscale().getUpscaler().getDigest()).startsWith("sha256:cd");
    assertThat(request.getCount()).isEqualTo(4);
    assertThat(request.getDeadlineMs()).isEqualTo(1_060_000);
    assertThat(request.getWebhook().getUrl()).isEqualTo("https://example.com/hook");
    assertThat(request.getWebhook().getEventsList()).containsExactly("generation.failed");
    assertThat(request.getMetadataMap()).containsEntry("order", "7").containsEntry("note", "");
  }

  @Test
  void promptsAreReadAsTheModelsUsersWriteThem() {
    GenerationRequest small = valid("{'model':'small','prompt':'x'}");
    GenerationRequest chunked = valid("{'model':'chunked','prompt':'x'}");
    assertThat(small.getClipSkip()).isEqualTo(1);
    assertThat(valid("{'model':'chunked','prompt':'x','clip_skip':3}").getClipSkip()).isEqualTo(3);
    GenerationRequest plain = valid("{'model':'chunked','prompt':'x','prompt_syntax':'plain'}");

    assertThat(small.getPromptSyntax()).isEqualTo("plain");
    assertThat(small.getEmphasis()).isEmpty();
    assertThat(chunked.getPromptSyntax()).isEqualTo("a1111");
    assertThat(chunked.getEmphasis()).isEqualTo("original");
    assertThat(plain.getPromptSyntax()).isEqualTo("plain");
    assertThat(plain.getEmphasis()).isEmpty();
  }

  @Test
  void bracesAndUnderscoresAreTextUntilSomebodySaysThatTheyAreNot() {
    GenerationRequest request = valid(withDefaults("'prompt':'a {red|blue} __init__'"));

    assertThat(request.getPrompt()).isEqualTo("a {red|blue} __init__");
    assertThat(request.getExpandedPromptsList()).isEmpty();
  }

  @Test
  void everyPictureHasThePromptsOfItsOwnSeed() {
    String template =
        "'dynamic_prompts':true,'prompt':'{a|b|c|d} __pet__','negative_prompt':'{x|y}'";
    GenerationRequest four = valid(withDefaults(template + ",'seed':7,'count':4"));

    assertThat(four.getPrompt()).isEqualTo("{a|b|c|d} __pet__");
    assertThat(four.getExpandedPromptsList()).hasSize(4);
    for (int index = 0; index < 4; index++) {
      GenerationRequest alone = valid(withDefaults(template + ",'seed':" + (7 + index)));
      assertThat(alone.getExpandedPromptsList()).containsExactly(four.getExpandedPrompts(index));
    }
    assertThat(four.getExpandedPromptsList())
        .allSatisfy(pair -> assertThat(pair.getPrompt()).matches("[abcd] (cat|dog)"))
        .allSatisfy(pair -> assertThat(pair.getNegativePrompt()).matches("[xy]"));
    assertThat(Set.copyOf(four.getExpandedPromptsList())).hasSizeGreaterThan(1);
  }

  @Test
  void whatIsAlikeForAllPicturesIsSaidOnce() {
    GenerationRequest request =
        valid(
            withDefaults(
                "'dynamic_prompts':true,'prompt':'a \\\\{b\\\\}','negative_prompt':'n','count':9"));

    assertThat(request.getExpandedPromptsList())
        .containsExactly(ExpandedPrompts.newBuilder().setPrompt("a {b}").build());
  }

  @Test
  void stylesArePutAroundThePromptsInTheirOrder() {
    GenerationRequest request =
        valid(withDefaults("'prompt':'a cat','styles':['oil','bright'],'count':2"));

    assertThat(request.getPrompt()).isEqualTo("a cat");
    assertThat(request.getStylesList()).containsExactly("oil", "bright");
    assertThat(request.getExpandedPromptsList())
        .containsExactly(
            ExpandedPrompts.newBuilder()
                .setPrompt("oil painting of a cat, thick, bright colours")
                .setNegativePrompt("photo")
                .build());
  }

  @Test
  void theChoicesOfAStyleAreMadeWherePromptsAreDynamic() {
    String styled = "'prompt':'{cat|dog}','styles':['dynamic'],'seed':3";

    assertThat(valid(withDefaults(styled)).getExpandedPrompts(0).getPrompt())
        .isEqualTo("a {big|small} {cat|dog}");
    assertThat(
            valid(withDefaults(styled + ",'dynamic_prompts':true"))
                .getExpandedPrompts(0)
                .getPrompt())
        .matches("a (big|small) (cat|dog)");
  }

  @Test
  void anUnknownStyleIsNamedWithWhatIsNearAndOneThatIsPinnedIsNotLookedUp() {
    FieldError error = invalid(withDefaults("'styles':['brigt']")).get(0);
    assertThat(error.message()).contains("brigt");
    assertThat(error.allowed()).contains(Allowed.oneOf(List.of("bright")));

    assertThat(
            valid(
                    withDefaults(
                        "'prompt':'x','styles':['gone'],'expanded_prompts':[{'prompt':'was here'}]"))
                .getStylesList())
        .containsExactly("gone");
  }

  @Test
  void whatWasExpandedIsNotExpandedAgain() {
    GenerationRequest request =
        valid(
            withDefaults(
                "'dynamic_prompts':true,'prompt':'__gone__ {','count':2,"
                    + "'expanded_prompts':[{'prompt':'{a|b}'},{'prompt':'c','negative_prompt':''}]"));

    assertThat(request.getExpandedPromptsList())
        .containsExactly(
            ExpandedPrompts.newBuilder().setPrompt("{a|b}").build(),
            ExpandedPrompts.newBuilder().setPrompt("c").setNegativePrompt("").build());
  }

  @Test
  void withItsExpandedPromptsARequestCanStillBeSent() {
    String prompt = "{a|b}" + "x".repeat(3_000);
    String body = "'dynamic_prompts':true,'seed':1,'prompt':'" + prompt + "','count':";

    assertThat(valid(withDefaults(body + 16)).getExpandedPromptsCount()).isEqualTo(16);
    assertThat(invalid(withDefaults((body + 16).replace("xxx", "xxxx"))))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("count", "too_long"));
  }

  @Test
  void nullIsAsGoodAsLeftOut() {
    assertThat(
            valid(
                "{'model':'small','prompt':'x','seed':null,'steps':null,'webhook':null,"
                    + "'metadata':null,'sampler':null,'guidance_scale':null,'negative_prompt':null}"))
        .isEqualTo(valid("{'model':'small','prompt':'x'}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // what is there has another type
        "'model':5                              | model             | wrong_type",
        "'prompt':5                             | prompt            | wrong_type",
        "'prompt':['a']                         | prompt            | wrong_type",
        "'negative_prompt':{}                   | negative_prompt   | wrong_type",
        "'seed':'20'                            | seed              | wrong_type",
        "'seed':1.5                             | seed              | wrong_type",
        "'seed':true                            | seed              | wrong_type",
        "'steps':'20'                           | steps             | wrong_type",
        "'steps':20.0                           | steps             | wrong_type",
        "'steps':[20]                           | steps             | wrong_type",
        "'guidance_scale':'7'                   | guidance_scale    | wrong_type",
        "'sampler':1                            | sampler           | wrong_type",
        "'schedule':false                       | schedule          | wrong_type",
        "'eta':'1'                              | eta               | wrong_type",
        "'rng':1                                | rng               | wrong_type",
        "'width':'128'                          | width             | wrong_type",
        "'height':1e2                           | height            | wrong_type",
        "'upscale':'2'                          | upscale           | wrong_type",
        "'upscale':2.0                          | upscale           | wrong_type",
        "'loras':{}                             | loras             | wrong_type",
        "'loras':['ink']                        | loras[0]          | wrong_type",
        "'loras':[{'name':7}]                   | loras[0].name     | wrong_type",
        "'loras':[{'name':'ink','weight':'1'}]  | loras[0].weight   | wrong_type",
        "'loras':[{'name':'ink','weight':10.1}] | loras[0].weight   | out_of_range",
        "'loras':[{'name':'ink','weight':-11}]  | loras[0].weight   | out_of_range",
        "'loras':[{'weight':1}]                 | loras[0].name     | missing",
        "'loras':[{'name':'ink','scale':1}]     | loras[0].scale    | unknown_field",
        "'loras':[{'name':'ink'},{'name':'oil'}] | loras[1].name    | unknown_lora",
        "'loras':[{'name':'ink@sha256:00'}]     | loras[0].name     | unknown_lora",
        "'loras':[{'name':'xl-only'}]           | loras[0].name     | lora_unfit",
        "'loras':[{'name':'ink'},{'name':'ink','weight':2}] | loras[1].name | duplicate",
        "'loras':[{},{},{},{},{},{},{},{},{}]   | loras             | too_many",
        "'count':{}                             | count             | wrong_type",
        "'deadline_s':'60'                      | deadline_s        | wrong_type",
        "'output_format':0                      | output_format     | wrong_type",
        "'webhook':'https://example.com'        | webhook           | wrong_type",
        "'webhook':{'url':7}                    | webhook.url       | wrong_type",
        "'webhook':{'url':'https://a.b','events':'generation.failed'} | webhook.events |"
            + " wrong_type",
        "'webhook':{'url':'https://a.b','events':[1]}   | webhook.events[0] | wrong_type",
        "'metadata':[]                          | metadata          | wrong_type",
        "'metadata':{'a':1}                     | metadata.a        | wrong_type",
        // out of range
        "'seed':-1                              | seed              | out_of_range",
        "'seed':9007199254740992                | seed              | out_of_range",
        "'seed':99999999999999999999999         | seed              | out_of_range",
        "'steps':0                              | steps             | out_of_range",
        "'steps':-1                             | steps             | out_of_range",
        "'steps':101                            | steps             | out_of_range",
        "'steps':4294967297                     | steps             | out_of_range",
        "'guidance_scale':-0.1                  | guidance_scale    | out_of_range",
        "'guidance_scale':30.01                 | guidance_scale    | out_of_range",
        "'guidance_scale':1e309                 | guidance_scale    | out_of_range",
        "'guidance_rescale':1.01                | guidance_rescale  | out_of_range",
        "'eta':1.01                             | eta               | out_of_range",
        "'eta':-0.01                            | eta               | out_of_range",
        "'sampler':'heun','s_churn':100.1       | s_churn           | out_of_range",
        "'s_noise':2.1                          | s_noise           | out_of_range",
        "'width':32                             | width             | out_of_range",
        "'width':288                            | width             | out_of_range",
        "'width':100                            | width             | not_a_multiple",
        "'height':32                            | height            | out_of_range",
        "'height':1024                          | height            | out_of_range",
        "'height':130                           | height            | not_a_multiple",
        "'width':256,'height':512               | width             | too_many_pixels",
        "'count':0                              | count             | out_of_range",
        "'count':17                             | count             | out_of_range",
        "'deadline_s':0                         | deadline_s        | out_of_range",
        "'deadline_s':86401                     | deadline_s        | out_of_range",
        // not one of the values
        "'model':'large'                        | model             | unknown_model",
        "'model':'../small'                     | model             | unknown_model",
        "'model':'small@sha256:00'              | model             | unknown_model",
        "'model':'not-served'                   | model             | model_not_served",
        "'sampler':'Euler'                      | sampler           | not_allowed",
        "'schedule':'linear'                    | schedule          | not_allowed",
        "'rng':'gpu'                            | rng               | not_allowed",
        "'clip_skip':0                          | clip_skip         | out_of_range",
        "'clip_skip':2                          | clip_skip         | out_of_range",
        "'prompt_syntax':'comfyui'              | prompt_syntax     | not_allowed",
        "'prompt_syntax':'a1111','emphasis':'!' | emphasis          | not_allowed",
        "'emphasis':'ignore'                    | emphasis          | not_applicable",
        "'dynamic_prompts':'yes'                | dynamic_prompts   | wrong_type",
        "'dynamic_prompts':true,'prompt':'{a'   | prompt            | invalid_choice",
        "'dynamic_prompts':true,'negative_prompt':'__x__' | negative_prompt | unknown_wildcard",
        "'dynamic_prompts':true,'prompt':'{}'   | prompt            | empty",
        "'prompt':'x','expanded_prompts':[{'prompt':'x'}] | expanded_prompts  | not_applicable",
        "'styles':'oil'                         | styles            | wrong_type",
        "'styles':[1]                           | styles[0]         | wrong_type",
        "'styles':['oil','oil']                 | styles[1]         | duplicate",
        "'styles':['oil','Oil']                 | styles[1]         | unknown_style",
        "'styles':['a\\u0000']                  | styles[0]         | invalid_text",
        "'styles':['1','2','3','4','5','6','7','8','9'] | styles     | too_many",
        "'dynamic_prompts':true,'expanded_prompts':{} | expanded_prompts | wrong_type",
        "'dynamic_prompts':true,'expanded_prompts':[1] | expanded_prompts[0] | wrong_type",
        "'dynamic_prompts':true,'expanded_prompts':[{}] | expanded_prompts[0].prompt | missing",
        "'prompt':'x','dynamic_prompts':true,'expanded_prompts':[{'prompt':'x','seed':1}] |"
            + " expanded_prompts[0].seed | unknown_field",
        "'prompt':'x','dynamic_prompts':true,'count':3,'expanded_prompts':[{'prompt':'x'},{'prompt':'y'}] |"
            + " expanded_prompts | not_allowed",
        "'s_churn':1                            | s_churn           | not_applicable",
        "'sampler':'heun','eta':1               | eta               | not_applicable",
        "'sampler':'dpmpp_2m','s_noise':1       | s_noise           | not_applicable",
        "'output_format':'jpeg'                 | output_format     | not_allowed",
        "'upscale':0                            | upscale           | not_allowed",
        "'upscale':3                            | upscale           | not_allowed",
        "'upscale':-2                           | upscale           | not_allowed",
        "'upscale':4294967298                   | upscale           | not_allowed",
        "'webhook':{'url':'https://a.b','events':['generation.exploded']} | webhook.events[0] |"
            + " not_allowed",
        "'webhook':{'url':'https://a.b','events':['generation.failed','generation.failed']} |"
            + " webhook.events[1] | duplicate",
        "'webhook':{'url':'https://a.b','events':[]} | webhook.events | empty",
        // text
        "'prompt':''                            | prompt            | empty",
        "'prompt':' \\n '                       | prompt            | empty",
        "'prompt':'a\\u0000b'                   | prompt            | invalid_text",
        "'prompt':'a\\rb'                       | prompt            | invalid_text",
        "'prompt':'a\\u0085b'                   | prompt            | invalid_text",
        "'prompt':'a\\u007fb'                   | prompt            | invalid_text",
        "'prompt':'a\\ud800b'                   | prompt            | invalid_text",
        "'prompt':'a\\udc00\\ud800'             | prompt            | invalid_text",
        "'negative_prompt':'\\u001b[2J'         | negative_prompt   | invalid_text",
        "'metadata':{'a':'\\u0007'}             | metadata.a        | invalid_text",
        "'metadata':{'':'a'}                    | metadata.         | invalid_text",
        // what must be there, and what is not known
        "'prompt':null                          | prompt            | missing",
        "'model':null                           | model             | missing",
        "'webhook':{}                           | webhook.url       | missing",
        "'webhook':{'url':'http://a.b'}         | webhook.url       | invalid_url",
        "'webhook':{'url':'https://a.b','secret':'x'} | webhook.secret | unknown_field",
        "'tenant':'other'                       | tenant            | unknown_field",
        "'generation_id':'gen_2'                | generation_id     | unknown_field",
        "'status':'succeeded'                   | status            | unknown_field",
        "'priority':'high'                      | priority          | unknown_field",
        "'Prompt':'x'                           | Prompt            | unknown_field",
        "'a\\u0000b':1                          | a\uFFFDb          | unknown_field",
      })
  void oneFaultIsOneErrorAtItsField(String fields, String field, String code) {
    assertThat(invalid(withDefaults(fields)))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field, code));
  }

  @Test
  void lorasArePinnedInAnOrderOfTheirOwn() {
    GenerationRequest request =
        valid(withDefaults("'loras':[{'name':'wash','weight':-0.5},{'name':'ink'}]"));

    assertThat(request.getLorasList())
        .extracting(lora -> lora.getLora().getName(), Lora::getWeight)
        .containsExactly(tuple("ink", 1f), tuple("wash", -0.5f));
    assertThat(request.getLoras(0).getLora().getDigest()).startsWith("sha256:ef");
    assertThat(valid(withDefaults("'loras':[{'name':'ink'},{'name':'wash','weight':-0.5}]")))
        .isEqualTo(request);
  }

  @Test
  void aLoraThatCannotBeUsedSaysWhichCan() {
    FieldError error = invalid(withDefaults("'loras':[{'name':'oil'}]")).get(0);

    assertThat(error.allowed().orElseThrow().values()).containsExactly("ink", "wash");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a <lora:ink> cat             | a  cat | ink=1.0",
        "a <lora:ink:0.8>cat          | a cat  | ink=0.8",
        "<lyco:ink:-.5>a cat          | a cat  | ink=-0.5",
        "a cat<lora:ink:0.5:0.5>      | a cat  | ink=0.5",
        "a cat<lora:ink:te=2:unet=2>  | a cat  | ink=2.0",
        "a cat<lora:ink: 1 :unet=1.0> | a cat  | ink=1.0",
        "a cat<lora:ink:-0>           | a cat  | ink=0.0",
        // the file's name, as it is imported
        "a cat<lora:Wash!:0.3>        | a cat  | wash=0.3",
        "a <lora:wash:2>[cat<lora:ink:0.1>:dog<lora:wash:-0.5>:2] | a [cat:dog:2] |"
            + " ink=0.1 wash=1.5",
        "a <5 cat <b:c>               | a <5 cat <b:c> | ''",
      })
  void tagsOfAPromptAreLorasOfTheRequest(String prompt, String text, String loras) {
    GenerationRequest request = valid("{'model':'chunked','prompt':'" + prompt + "'}");

    assertThat(request.getPrompt()).isEqualTo(text);
    assertThat(
            request.getLorasList().stream()
                .map(lora -> lora.getLora().getName() + "=" + lora.getWeight())
                .collect(joining(" ")))
        .isEqualTo(loras);
    assertThat(request.getLorasList())
        .allMatch(lora -> lora.getLora().getDigest().startsWith("sha256:ef"));
  }

  @Test
  void tagsAddToTheLorasOfTheField() {
    String body = "{'model':'chunked','prompt':'a<lora:ink:0.2>','loras':[{'name':'ink'}]}";

    assertThat(valid(body).getLorasList()).extracting(Lora::getWeight).containsExactly(1.2f);
  }

  @Test
  void whereEveryCharacterIsTextATagIsToo() {
    String prompt = "a <lora:oil:x>";

    assertThat(valid("{'model':'small','prompt':'" + prompt + "'}").getPrompt()).isEqualTo(prompt);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a <lora:oil:1>          | unknown_lora | <lora:oil> names no LoRA that is here; the model"
            + " can have [ink, wash]",
        "a <lora:xl-only>        | lora_unfit   | <lora:xl-only> is for another family",
        "a <hypernet:ink>        | invalid_tag  | <hypernet:ink> names what is not known here",
        "a <lora:ink:>           | invalid_tag  | <lora:ink> has more than a weight",
        "a <lora:ink:much>       | invalid_tag  | write <lora:name:0.8>",
        "a <lora:ink:NaN>        | invalid_tag  | write <lora:name:0.8>",
        "a <lora:ink:1:1:8>      | invalid_tag  | write <lora:name:0.8>",
        "a <lora:ink:1:dyn=8>    | invalid_tag  | write <lora:name:0.8>",
        "a <lora:ink:1:0>        | invalid_tag  | has two weights",
        "a <lora:ink:unet=0>     | invalid_tag  | has two weights",
        "a <lora:ink:10.1>       | out_of_range | from -10.0 to 10.0",
        "a <lora:ink:9><lora:ink:9> | out_of_range | sum of weights",
        "a <lo<lora:ink>ra:wash> | invalid_tag  | a tag within a tag",
        "' <lora:ink>'           | empty        | nothing but tags",
      })
  void aTagThatCannotBeIsRefused(String prompt, String code, String said) {
    List<FieldError> errors = invalid("{'model':'chunked','prompt':'" + prompt + "'}");

    assertThat(errors)
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", code));
    assertThat(errors.get(0).message()).contains(said);
  }

  @Test
  void tagsOutsideOfChoicesHoldForAllPictures() {
    GenerationRequest request =
        valid(
            "{'model':'chunked','prompt':'{a|b}<lora:ink:0.5> {cat|dog}','dynamic_prompts':true}");

    assertThat(request.getPrompt()).isEqualTo("{a|b} {cat|dog}");
    assertThat(request.getLorasList()).extracting(Lora::getWeight).containsExactly(0.5f);
    assertThat(request.getExpandedPrompts(0).getPrompt()).matches("(a|b) (cat|dog)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'prompt':'{<lora:ink>;a} cat','dynamic_prompts':true     | prompt",
        "'prompt':'a __ink__','dynamic_prompts':true              | prompt",
        "'prompt':'a','styles':['inked']                          | styles",
        "'prompt':'a','styles':['inked'],'dynamic_prompts':true   | prompt",
        "'prompt':'a','styles':['oil'],'expanded_prompts':[{'prompt':'b <lora:ink>'}]"
            + " | expanded_prompts[0].prompt",
      })
  void aTagThatWouldHoldForSomePicturesAloneIsRefused(String body, String field) {
    assertThat(invalid("{'model':'chunked'," + body.replace(';', '|') + "}"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple(field, "invalid_tag"));
  }

  @Test
  void aTagInANegativePromptIsRefused() {
    assertThat(invalid("{'model':'chunked','prompt':'a','negative_prompt':'b <lora:ink:1>'}"))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("negative_prompt", "invalid_tag"));
  }

  @Test
  void tagsNameNoMoreLorasThanTheFieldMay() {
    List<LoraCard> nine =
        IntStream.range(0, Limits.MAX_LORAS + 1)
            .mapToObj(i -> TestModels.lora("style-" + i, "test"))
            .toList();
    RequestValidator ofNine =
        new RequestValidator(
            new TestModels() {
              @Override
              public Optional<LoraCard> lora(String reference) {
                return nine.stream().filter(card -> card.name().equals(reference)).findFirst();
              }

              @Override
              public List<LoraCard> lorasOf(ModelCard model) {
                return nine;
              }
            },
            PRESETS,
            url -> Optional.empty());
    String prompt = nine.stream().map(card -> "<lora:" + card.name() + ">").collect(joining());

    assertThat(ofNine.validate(bytes("{'model':'chunked','prompt':'a" + prompt + "'}"), ARRIVAL))
        .isInstanceOfSatisfying(
            Validated.Invalid.class,
            invalid ->
                assertThat(invalid.errors())
                    .extracting(FieldError::field, FieldError::code)
                    .containsExactly(tuple("prompt", "too_many")));
  }

  @Test
  void manyTagsMakeNoLongAnswer() {
    String prompt = "a" + "<lora:ink:0>".repeat(1_000) + "<lora:oil:1>".repeat(1_000);

    assertThat(invalid("{'model':'chunked','prompt':'" + prompt + "'}"))
        .hasSize(Problems.MAX_ERRORS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a cat EasyNegative             | easynegative",
        "a cat, (Bad - Hands-5:1.2)     | bad-hands-5",
        "easynegative bad-hands-50      | bad-hands-5 easynegative",
        "uneasynegative easynegatives   | ''",
        "bad-hands                      | ''",
      })
  void wordsOfTextualInversionsArePinnedInWhicheverPrompt(String prompt, String words) {
    String positive = "{'model':'chunked','prompt':'" + prompt + "'}";
    String negative = "{'model':'chunked','prompt':'x','negative_prompt':'" + prompt + "'}";

    for (String body : List.of(positive, negative)) {
      assertThat(inversions(body)).isEqualTo(words);
    }
    // a model that can have none
    assertThat(inversions("{'model':'small','prompt':'" + prompt + "'}")).isEmpty();
  }

  @Test
  void wordsOfTextualInversionsArePinnedInWhatPromptsBecome() {
    String dynamic = "{'model':'chunked','dynamic_prompts':true,'count':16,'seed':1,'prompt':";
    assertThat(inversions(dynamic + "'a {easynegative|bad-hands-5} cat'}"))
        .isEqualTo("bad-hands-5 easynegative");
    // nothing stands in one piece before it is chosen
    assertThat(inversions(dynamic + "'a bad-{hands-5|hands-5} cat'}")).isEqualTo("bad-hands-5");
    // what is not chosen is not pinned
    assertThat(
            inversions(
                dynamic
                    + "'a {1::cat|0::easynegative}','negative_prompt':'{1::dog|0::bad-hands-5}'}"))
        .isEmpty();
    assertThat(inversions(dynamic + "'a {cat|dog}','negative_prompt':'easynegative'}"))
        .isEqualTo("easynegative");
    assertThat(inversions("{'model':'chunked','prompt':'a cat','styles':['careful']}"))
        .isEqualTo("easynegative");
  }

  @Test
  void whereTextualInversionsAreNamedNoOthersAreRead() {
    String body =
        "{'model':'chunked','prompt':'bad-hands-5','negative_prompt':'easynegative',"
            + "'textual_inversions':%s}";

    assertThat(inversions(body.formatted("[]"))).isEmpty();
    assertThat(inversions(body.formatted("['easynegative']"))).isEqualTo("easynegative");
    assertThat(inversions(body.formatted("['bad-hands-5@sha256:" + "aa".repeat(32) + "']")))
        .isEqualTo("bad-hands-5");
    for (String unknown : List.of("['oil']", "['bad-hands-5@sha256:" + "bb".repeat(32) + "']")) {
      assertThat(invalid(body.formatted(unknown)))
          .extracting(FieldError::field, FieldError::code)
          .containsExactly(tuple("textual_inversions", "unknown_textual_inversion"));
    }
    assertThat(invalid(body.formatted("'easynegative'")))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("textual_inversions", "wrong_type"));
  }

  private String inversions(String body) {
    return valid(body).getTextualInversionsList().stream()
        .map(ModelRef::getName)
        .collect(joining(" "));
  }

  @Test
  void anUpscaleOfOneIsNone() {
    assertThat(valid(withDefaults("'upscale':1"))).isEqualTo(valid(withDefaults("'upscale':null")));
  }

  @Test
  void anUpscaleThatNoUpscalerMakesIsRefused() {
    FieldError none = upscaleError(new TestModels(List.of()), "{'upscale':2}");
    FieldError onlyFour =
        upscaleError(new TestModels(List.of(TestModels.upscaler("x4", 4))), "{'upscale':2}");

    assertThat(none.code()).isEqualTo("upscaler_unavailable");
    assertThat(none.allowed().orElseThrow().values()).containsExactly(1);
    assertThat(onlyFour.message()).contains("[1, 4]");
  }

  @Test
  void anUpscalerThatIsNamedIsTheOneThatIsPinned() {
    UpscalerCard sharp = TestModels.upscaler("sharp", 4);
    TestModels models = new TestModels(List.of(TestModels.upscaler("esrgan", 2), sharp));

    for (String reference : List.of("sharp", sharp.reference())) {
      Validated.Valid valid =
          (Validated.Valid) validate(models, "{'upscale':4,'upscaler':'%s'}".formatted(reference));
      assertThat(valid.request().getUpscale().getUpscaler().getName()).isEqualTo("sharp");
      assertThat(valid.request().getUpscale().getUpscaler().getDigest()).isEqualTo(sharp.digest());
    }
    Validated.Valid unnamed = (Validated.Valid) validate(models, "{'upscale':4}");
    assertThat(unnamed.request().getUpscale().getUpscaler().getName()).isEqualTo("esrgan");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'upscale':2,'upscaler':'sharp'            | upscaler_unfit   | esrgan",
        "'upscale':4,'upscaler':'other'            | unknown_upscaler | esrgan, sharp",
        "'upscale':4,'upscaler':'sharp@sha256:00'  | unknown_upscaler | esrgan, sharp",
        "'upscaler':'sharp'                        | not_applicable   | upscale",
        "'upscale':1,'upscaler':'sharp'            | not_applicable   | upscale",
        "'upscale':4,'upscaler':4                  | wrong_type       | string",
      })
  void anUpscalerThatCannotDoItIsRefused(String fields, String code, String said) {
    TestModels models =
        new TestModels(List.of(TestModels.upscaler("esrgan", 2), TestModels.upscaler("sharp", 4)));

    Validated.Invalid invalid = (Validated.Invalid) validate(models, "{" + fields + "}");

    assertThat(invalid.errors())
        .singleElement()
        .satisfies(
            error -> {
              assertThat(error.field()).isEqualTo("upscaler");
              assertThat(error.code()).isEqualTo(code);
              assertThat(error.message()).contains(said);
            });
  }

  @Test
  void aPictureThatWouldBecomeTooLargeIsRefused() {
    ModelCard small = TestModels.SMALL;
    ModelCard large =
        new ModelCard(
            "large",
            small.digest(),
            small.folder(),
            small.family(),
            Optional.empty(),
            small.licence(),
            small.description(),
            small.created(),
            small.defaults(),
            new ModelLimits(64, 4096, 64, 4096, 8, Limits.MAX_PIXELS, 100),
            List.of(),
            null,
            null,
            small.scheduler(),
            Optional.empty(),
            Map.of());
    TestModels models =
        new TestModels() {
          @Override
          public Optional<ModelCard> find(String reference) {
            return Optional.of(large);
          }
        };

    FieldError error = upscaleError(models, "{'upscale':4,'width':1032,'height':512}");

    assertThat(error.code()).isEqualTo("too_many_pixels");
    assertThat(error.message()).contains("4096");
    assertThat(error.allowed().orElseThrow().values()).containsExactly(1, 2);
  }

  private static FieldError upscaleError(TestModels models, String fields) {
    List<FieldError> errors = ((Validated.Invalid) validate(models, fields)).errors();
    assertThat(errors).extracting(FieldError::field).containsExactly("upscale");
    return errors.get(0);
  }

  private static Validated validate(TestModels models, String fields) {
    String body = fields.replace('\'', '"').replace("{", "{\"model\":\"small\",\"prompt\":\"x\",");
    return new RequestValidator(models, Presets.NONE, url -> Optional.empty())
        .validate(body.getBytes(StandardCharsets.UTF_8), ARRIVAL);
  }

  @Test
  void everythingWrongIsFoundAtOnce() {
    assertThat(
            invalid(
                "{'prompt':'','steps':0,'width':'1','sampler':'x','webhook':{'url':'ftp://a'},"
                    + "'extra':1}"))
        .extracting(FieldError::field)
        .containsExactlyInAnyOrder(
            "extra", "model", "prompt", "steps", "width", "sampler", "webhook.url");
  }

  @Test
  void whatWouldBeAllowedIsSaid() {
    assertThat(invalid(withDefaults("'width':100")).get(0).allowed())
        .contains(Allowed.multiples(64L, 256L, 32L));
    assertThat(invalid(withDefaults("'sampler':'x'")).get(0).allowed().orElseThrow().values())
        .contains("ddim", "euler");
    assertThat(invalid(withDefaults("'model':'x'")).get(0).allowed())
        .contains(Allowed.oneOf(List.of("chunked", "flow", "small")));
  }

  @Test
  void aModelOfFlowMatchingIsSampledByThoseThatCan() {
    assertThat(valid("{'model':'flow','prompt':'x','sampler':'heun'}").getSampler())
        .isEqualTo("heun");
    FieldError error = invalid("{'model':'flow','prompt':'x','sampler':'ddim'}").get(0);
    assertThat(error.code()).isEqualTo("not_allowed");
    assertThat(error.allowed().orElseThrow().values())
        .contains("euler", "heun")
        .doesNotContain("ddim", "euler_a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"euler", "heun", "dpmpp_2m"})
  void aModelOfFlowMatchingTakesNoNoiseBeforeSteps(String sampler) {
    String body = "'prompt':'x','sampler':'" + sampler + "','s_churn':0.5}";
    assertThat(invalid("{'model':'flow'," + body))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("s_churn", "not_applicable"));
    assertThat(valid("{'model':'flow','prompt':'x','sampler':'" + sampler + "'}").getSChurn())
        .isZero();
  }

  @ParameterizedTest
  @EnumSource(Sampler.class)
  void whatASamplerDoesNotTakeIsNotInTheRequest(Sampler sampler) {
    GenerationRequest request =
        valid("{'model':'small','prompt':'x','sampler':'" + sampler.id() + "'}");

    assertThat(request.hasEta()).isEqualTo(sampler.defaultEta().isPresent());
    assertThat(request.getEta()).isEqualTo((float) sampler.defaultEta().orElse(0));
    assertThat(request.hasSNoise()).isEqualTo(sampler.takesNoiseScale());
  }

  @Test
  void anErrorNeverRepeatsTheValue() {
    assertThat(
            invalid(
                "{'model':'SECRET','prompt':'SECRET\\u0000','sampler':'SECRET',"
                    + "'webhook':{'url':'SECRET'},'metadata':{'a':{'b':'SECRET'}}}"))
        .hasSize(5)
        .allSatisfy(error -> assertThat(error.toString()).doesNotContain("SECRET"));
  }

  @Test
  void everyPictureHasASeedWithinTheRange() {
    assertThat(valid(withDefaults("'seed':" + MAX_SEED)).getSeed()).isEqualTo(Limits.MAX_SEED);
    assertThat(invalid(withDefaults("'count':2,'seed':" + MAX_SEED)))
        .extracting(FieldError::field)
        .containsExactly("seed");
    assertThat(valid(withDefaults("'count':16,'seed':9007199254740976")).getSeed())
        .isEqualTo(Limits.MAX_SEED - 15);
  }

  @Test
  void aPromptIsMeasuredInCodePoints() {
    assertThat(valid(withDefaults("'prompt':'" + "x".repeat(32_000) + "'")).getPrompt())
        .hasSize(32_000);
    assertThat(invalid(withDefaults("'prompt':'" + "x".repeat(32_001) + "'")))
        .extracting(FieldError::code)
        .containsExactly("too_long");
    assertThat(valid(withDefaults("'prompt':'" + "🍎".repeat(16_000) + "'")).getPrompt())
        .hasSize(32_000);
  }

  @Test
  void metadataIsBounded() {
    String entries = IntStream.range(0, 17).mapToObj(i -> "'k" + i + "':''").collect(joining(","));
    assertThat(invalid(withDefaults("'metadata':{" + entries + "}")))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("metadata", "too_many"));
    assertThat(invalid(withDefaults("'metadata':{'" + "k".repeat(65) + "':''}")))
        .extracting(FieldError::code)
        .containsExactly("invalid_text");
    assertThat(invalid(withDefaults("'metadata':{'k':'" + "v".repeat(513) + "'}")))
        .extracting(FieldError::code)
        .containsExactly("too_long");
    assertThat(valid(withDefaults("'metadata':{'k':'" + "v".repeat(512) + "'}")).getMetadataMap())
        .hasSize(1);
  }

  @Test
  void minusZeroGuidanceIsZero() {
    assertThat(
            Float.floatToRawIntBits(
                valid(withDefaults("'guidance_scale':-0.0")).getGuidanceScale()))
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "}",
        "{'a'}",
        "{'a':1,}",
        "{'a':1}{}",
        "{'a':1} x",
        "{a:1}",
        "{'a':NaN}",
        "{'a':Infinity}",
        "{'a':-Infinity}",
        "{'a':+1}",
        "{'a':01}",
        "{'a':.5}",
        "{'a':'\n'}",
        "{'a':'\\x41'}",
        "// c\n{}",
        "{'a':tru}",
        "{'a':1 'b':2}",
        "\uFEFF{}",
        "nul"
      })
  void whatIsNoJsonIsOneError(String body) {
    assertThat(invalid(body))
        .singleElement()
        .satisfies(
            error -> {
              assertThat(error.field()).isEmpty();
              assertThat(error.code()).isIn("invalid_json", "wrong_type");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "'text'", "5", "null", "true"})
  void whatIsNoObjectIsOneError(String body) {
    assertThat(invalid(body)).extracting(FieldError::code).containsExactly("wrong_type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'prompt':'a','prompt':'b'}",
        "{'prompt':'a','\\u0070rompt':'b'}",
        "{'metadata':{'a':'1','a':'1'}}"
      })
  void aNameIsThereOnce(String body) {
    assertThat(invalid(body)).extracting(FieldError::code).containsExactly("duplicate");
  }

  @Test
  void bytesThatAreNoUtf8AreRefused() {
    byte[][] bodies = {
      {'{', '"', 'a', '"', ':', '"', (byte) 0xff, '"', '}'},
      {'{', '"', (byte) 0xc0, (byte) 0x80, '"', ':', '1', '}'},
      {'{', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"', ':', '1', '}'},
      {'{', '"', 'a', '"', ':', '"', (byte) 0xe2, (byte) 0x82},
      "{\"a\":\"b\"}".getBytes(StandardCharsets.UTF_16),
    };
    for (byte[] body : bodies) {
      assertThat(errors(body)).extracting(FieldError::code).containsExactly("invalid_utf8");
    }
  }

  @Test
  void depthIsBoundedBeforeAnythingIsParsed() {
    assertThat(invalid("[".repeat(60_000)))
        .extracting(FieldError::code)
        .containsExactly("too_deep");
    assertThat(invalid("{'a':".repeat(9) + "1" + "}".repeat(9)))
        .extracting(FieldError::code)
        .containsExactly("too_deep");
    assertThat(invalid("{'a':".repeat(8) + "1" + "}".repeat(8)))
        .extracting(FieldError::code)
        .contains("unknown_field");
    assertThat(valid(withDefaults("'prompt':'" + "[{".repeat(100) + "\\\\'")).getPrompt())
        .hasSize(201);
  }

  @Test
  void aBodyIsAtMost64KiB() {
    String body = withDefaults("'negative_prompt':''");
    assertThat(valid(body + " ".repeat(64 * 1024 - body.length())).getSteps()).isEqualTo(25);
    assertThat(invalid(body + " ".repeat(64 * 1024 + 1 - body.length())))
        .extracting(FieldError::code)
        .containsExactly("too_large");
  }

  @Test
  void aHostileBodyDoesNotMakeALongAnswer() {
    String fields = IntStream.range(0, 5000).mapToObj(i -> "'f" + i + "':1").collect(joining(","));
    assertThat(invalid("{" + fields + "}")).hasSize(Problems.MAX_ERRORS);
    assertThat(invalid(withDefaults("'" + "n".repeat(60_000) + "':1")).get(0).field())
        .hasSizeLessThan(70);
  }

  @Test
  void aHugeNumberIsRefusedWithoutWork() {
    assertThat(invalid(withDefaults("'seed':" + "9".repeat(60_000))))
        .extracting(FieldError::code)
        .containsAnyOf("invalid_json", "out_of_range");
  }

  /** The fields given, with a model and a prompt where they are not among them. */
  private static String withDefaults(String fields) {
    String model = fields.contains("'model'") ? "" : "'model':'small',";
    String prompt = fields.contains("'prompt'") ? "" : "'prompt':'x',";
    return "{" + model + prompt + fields.strip() + "}";
  }

  private GenerationRequest valid(String body) {
    Validated validated = validator.validate(bytes(body), ARRIVAL);
    assertThat(validated).isInstanceOf(Validated.Valid.class);
    return ((Validated.Valid) validated).request();
  }

  private List<FieldError> invalid(String body) {
    return errors(bytes(body));
  }

  private List<FieldError> errors(byte[] body) {
    Validated validated = validator.validate(body, ARRIVAL);
    assertThat(validated).isInstanceOf(Validated.Invalid.class);
    return ((Validated.Invalid) validated).errors();
  }

  private static byte[] bytes(String body) {
    return body.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }
}
