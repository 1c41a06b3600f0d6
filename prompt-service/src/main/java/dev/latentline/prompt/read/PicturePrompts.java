package dev.latentline.prompt.read;

import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The pictures among the prompts of a request. The weights of all, with 1 for the prompt, are parts
 * of their sum, so that guidance is as strong as with one prompt.
 *
 * @param indices in the request's image_prompts, of those that have an effect
 * @param sum of all weights
 */
record PicturePrompts(GenerationRequest request, List<Integer> indices, double sum) {

  static PicturePrompts of(GenerationRequest request) {
    List<Integer> indices =
        IntStream.range(0, request.getImagePromptsCount())
            .filter(i -> request.getImagePrompts(i).getWeight() > 0)
            .boxed()
            .toList();
    double sum = indices.stream().mapToDouble(i -> request.getImagePrompts(i).getWeight()).sum();
    return new PicturePrompts(request, indices, sum + textShare(request, indices));
  }

  /** Pictures alone need no words. */
  private static int textShare(GenerationRequest request, List<Integer> indices) {
    return indices.isEmpty() || !request.getPrompt().isBlank() ? 1 : 0;
  }

  int count() {
    return indices.size();
  }

  /** The texts with their parts; without those of a prompt that says nothing. */
  List<StepText> among(List<StepText> texts) {
    if (indices.isEmpty()) {
      return texts;
    }
    boolean saysSomething = textShare(request, indices) > 0;
    return texts.stream()
        .filter(text -> saysSomething || text.role() != Role.POSITIVE)
        .map(text -> text.role() == Role.POSITIVE ? text.partOf(sum) : text)
        .toList();
  }

  List<TokenizedConditioning> conditionings() {
    return indices.stream()
        .map(
            i ->
                TokenizedConditioning.newBuilder()
                    .setRole(Role.POSITIVE)
                    .setImagePrompt(i)
                    .setWeight((float) (request.getImagePrompts(i).getWeight() / sum))
                    .setStart(0)
                    .setEnd(1)
                    .build())
        .toList();
  }
}
