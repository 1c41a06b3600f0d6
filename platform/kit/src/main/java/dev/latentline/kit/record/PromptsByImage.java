package dev.latentline.kit.record;

import dev.latentline.proto.v1.ExpandedPrompts;
import dev.latentline.proto.v1.GenerationRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which pictures of a request are made from which prompts. */
public final class PromptsByImage {
  private PromptsByImage() {}

  /**
   * The request as one of its pictures is made: with the prompts of that one, and without those of
   * others.
   */
  public static GenerationRequest of(GenerationRequest request, int imageIndex) {
    if (request.getExpandedPromptsCount() == 0) {
      return request;
    }
    ExpandedPrompts own = own(request, imageIndex);
    GenerationRequest.Builder single =
        request.toBuilder().clearExpandedPrompts().setPrompt(own.getPrompt());
    if (own.hasNegativePrompt()) {
      single.setNegativePrompt(own.getNegativePrompt());
    }
    return single.build();
  }

  /** Indices of the pictures, those of the same prompts together, each ascending. */
  public static Collection<List<Integer>> groups(GenerationRequest request) {
    Map<ExpandedPrompts, List<Integer>> groups = new LinkedHashMap<>();
    for (int index = 0; index < request.getCount(); index++) {
      ExpandedPrompts prompts =
          request.getExpandedPromptsCount() == 0
              ? ExpandedPrompts.getDefaultInstance()
              : own(request, index);
      groups.computeIfAbsent(prompts, first -> new ArrayList<>()).add(index);
    }
    return groups.values();
  }

  private static ExpandedPrompts own(GenerationRequest request, int imageIndex) {
    boolean forAll = request.getExpandedPromptsCount() == 1;
    return request.getExpandedPrompts(forAll ? 0 : imageIndex);
  }
}
