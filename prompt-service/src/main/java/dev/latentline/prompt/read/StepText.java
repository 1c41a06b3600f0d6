package dev.latentline.prompt.read;

import dev.latentline.prompt.grammar.PromptSchedule;
import dev.latentline.proto.v1.AnalyzedText;
import dev.latentline.proto.v1.AnalyzedTokens;
import dev.latentline.proto.v1.Role;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.proto.v1.TokenizedConditioning;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A text with the steps in which it holds.
 *
 * @param steps from 0, ascending; empty: all
 */
record StepText(Role role, String text, float weight, List<Integer> steps) {

  static StepText always(Role role, String text) {
    return new StepText(role, text, 1, List.of());
  }

  /** The texts of a prompt that may change in the course of the steps, each of them once. */
  static List<StepText> of(Role role, String prompt, float weight, int steps) {
    Map<String, List<Integer>> stepsOf = new LinkedHashMap<>();
    int step = 0;
    for (PromptSchedule.Part part : PromptSchedule.of(prompt, steps)) {
      List<Integer> held = stepsOf.computeIfAbsent(part.text(), text -> new ArrayList<>());
      while (step < part.lastStep()) {
        held.add(step++);
      }
    }
    List<StepText> texts = new ArrayList<>();
    stepsOf.forEach(
        (text, held) ->
            texts.add(new StepText(role, text, weight, held.size() == steps ? List.of() : held)));
    return texts;
  }

  StepText partOf(double sum) {
    return new StepText(role, text, (float) (weight / sum), steps);
  }

  AnalyzedText analyzed(List<AnalyzedTokens> tokens) {
    return AnalyzedText.newBuilder()
        .setRole(role)
        .setText(text)
        .setWeight(weight)
        .addAllSteps(steps)
        .addAllTokens(tokens)
        .build();
  }

  TokenizedConditioning of(List<TokenIds> ids) {
    return TokenizedConditioning.newBuilder()
        .setRole(role)
        .addAllEncoders(ids)
        .setWeight(weight)
        .setStart(0)
        .setEnd(1)
        .addAllSteps(steps)
        .build();
  }
}
