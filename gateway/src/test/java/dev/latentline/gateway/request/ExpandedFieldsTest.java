package dev.latentline.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.latentline.gateway.expand.Presets;
import dev.latentline.gateway.expand.Styles;
import dev.latentline.gateway.expand.Wildcards;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExpandedFieldsTest {
  /** More than a request can have. */
  private static final List<String> WORDS =
      IntStream.range(0, 40).mapToObj(i -> "word-" + i).toList();

  private static final class ManyInversions extends TestModels {
    @Override
    public List<TextualInversionCard> textualInversionsOf(ModelCard model) {
      return WORDS.stream().map(TestModels::inversion).toList();
    }
  }

  @Test
  void whatIsTooLargeIsNotSearchedForWords() {
    String line = WORDS.stream().collect(Collectors.joining(" ")) + " x".repeat(3_000);
    RequestValidator validator =
        new RequestValidator(
            new ManyInversions(),
            new Presets(Wildcards.of(Map.of("words", List.of(line))), Styles.NONE),
            url -> Optional.empty());
    String body =
        "{'model':'small','dynamic_prompts':true,'prompt':'__words__ {1|2|3|4|5}','count':%d}";

    assertThat(errors(validator, body.formatted(1)))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("prompt", "too_many"));
    assertThat(errors(validator, body.formatted(16)))
        .extracting(FieldError::field, FieldError::code)
        .containsExactly(tuple("count", "too_long"));
  }

  private static List<FieldError> errors(RequestValidator validator, String body) {
    Validated validated =
        validator.validate(
            body.replace('\'', '"').getBytes(StandardCharsets.UTF_8),
            new Arrival("gen_1", "default", 1_000, 7));
    return ((Validated.Invalid) validated).errors();
  }
}
