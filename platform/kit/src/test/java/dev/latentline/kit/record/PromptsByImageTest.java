package dev.latentline.kit.record;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImagePromptsTest {
  private static final GenerationRequest REQUEST =
      GenerationRequest.newBuilder()
          .setPrompt("a {red|blue} apple")
          .setNegativePrompt("text")
          .setDynamicPrompts(true)
          .setCount(3)
          .build();

  @Test
  void withoutExpandedPromptsAllPicturesAreMadeFromTheRequestAsItIs() {
    assertThat(PromptsByImage.of(REQUEST, 2)).isEqualTo(REQUEST);
    assertThat(PromptsByImage.groups(REQUEST)).containsExactly(List.of(0, 1, 2));
  }

  @Test
  void onePairIsForAllPictures() {
    GenerationRequest request = with(expanded("a red apple", "blur"));

    assertThat(PromptsByImage.groups(request)).containsExactly(List.of(0, 1, 2));
    assertThat(PromptsByImage.of(request, 2))
        .isEqualTo(REQUEST.toBuilder().setPrompt("a red apple").setNegativePrompt("blur").build());
  }

  @Test
  void eachPictureHasItsOwnAndThoseThatAreAlikeAreTogether() {
    GenerationRequest request =
        with(
            expanded("a red apple", null),
            expanded("a blue apple", null),
            expanded("a red apple", null));

    assertThat(PromptsByImage.groups(request)).containsExactly(List.of(0, 2), List.of(1));
    assertThat(PromptsByImage.of(request, 1))
        .isEqualTo(REQUEST.toBuilder().setPrompt("a blue apple").build());
  }

  @Test
  void anEmptyNegativePromptIsNotThatOfTheRequest() {
    assertThat(PromptsByImage.of(with(expanded("a red apple", "")), 0).getNegativePrompt())
        .isEmpty();
  }

  private static GenerationRequest with(ExpandedPrompts... expanded) {
    return REQUEST.toBuilder().addAllExpandedPrompts(List.of(expanded)).build();
  }

  private static ExpandedPrompts expanded(String prompt, String negativePrompt) {
    ExpandedPrompts.Builder expanded = ExpandedPrompts.newBuilder().setPrompt(prompt);
    if (negativePrompt != null) {
      expanded.setNegativePrompt(negativePrompt);
    }
    return expanded.build();
  }
}
