package dev.latentline.denoiser.task;

import dev.latentline.contract.Limits;
import dev.latentline.denoiser.guide.Guidance;
import dev.latentline.denoiser.guide.StepRows;
import dev.latentline.proto.v1.Conditioning;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The conditionings of a record that the network will be asked with.
 *
 * @param rows those of prompts first
 * @param stepRows which of them in which step
 */
record StepConditionings(List<Conditioning> rows, StepRows stepRows) {

  /**
   * @throws dev.latentline.contract.Failure.Rejected with code {@code unsupported_request} when a
   *     step has no prompt, more than one negative prompt, or not as many prompts as another
   */
  static StepConditionings of(EmbeddingReady record, Guidance guidance) {
    int steps = record.getRequest().getSteps();
    if (record.getConditioningsCount() > Limits.MAX_PROMPT_TEXTS) {
      throw TaskPlanner.unsupported("there are more than " + Limits.MAX_PROMPT_TEXTS + " texts");
    }
    List<Conditioning> prompts = ofRole(record, Role.POSITIVE);
    List<List<Conditioning>> first = inSteps(prompts, steps);
    int together = first.get(0).size();
    if (together == 0
        || together > Limits.MAX_PROMPTS_JOINED
        || first.stream().anyMatch(step -> step.size() != together)) {
      throw TaskPlanner.unsupported(
          "there are not 1 to " + Limits.MAX_PROMPTS_JOINED + " prompts, as many in every step");
    }
    List<Conditioning> rows = new ArrayList<>(prompts);
    if (guidance.needsUnconditional(weights(first.get(0)))) {
      List<Conditioning> away = ofRole(record, Role.NEGATIVE);
      if (inSteps(away, steps).stream().anyMatch(step -> step.size() != 1)) {
        throw TaskPlanner.unsupported("there is not one negative prompt in every step");
      }
      rows.addAll(away);
    }
    int[][] ofStep = new int[steps][];
    for (int step = 0; step < steps; step++) {
      int at = step;
      ofStep[step] =
          IntStream.range(0, rows.size()).filter(row -> holds(rows.get(row), at, steps)).toArray();
    }
    return new StepConditionings(rows, StepRows.of(ofStep, weights(rows)));
  }

  private static List<Conditioning> ofRole(EmbeddingReady record, Role role) {
    return record.getConditioningsList().stream().filter(c -> c.getRole() == role).toList();
  }

  private static List<List<Conditioning>> inSteps(List<Conditioning> conditionings, int steps) {
    List<List<Conditioning>> inSteps = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      int at = step;
      inSteps.add(conditionings.stream().filter(c -> holds(c, at, steps)).toList());
    }
    return inSteps;
  }

  private static boolean holds(Conditioning conditioning, int step, int steps) {
    if (conditioning.getStepsCount() > 0) {
      return conditioning.getStepsList().contains(step);
    }
    return step >= Math.round(conditioning.getStart() * steps)
        && step < Math.round(conditioning.getEnd() * steps);
  }

  private static float[] weights(List<Conditioning> conditionings) {
    float[] weights = new float[conditionings.size()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = conditionings.get(i).getWeight();
      // not NaN either
      if (!(Math.abs(weights[i]) <= Limits.MAX_PROMPT_WEIGHT)) {
        throw TaskPlanner.unsupported("a prompt's weight is out of its range");
      }
    }
    return weights;
  }
}
