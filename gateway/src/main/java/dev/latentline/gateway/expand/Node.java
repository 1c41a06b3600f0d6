package dev.latentline.gateway.expand;

import java.util.List;

/** A part of a template. */
sealed interface Node {
  /** Text that stays as it is. */
  record Literal(String text) implements Node {}

  /** A line of the file of this name. */
  record Wildcard(String name) implements Node {}

  /** One of the options. */
  record OneOf(List<Option> options) implements Node {}

  /**
   * Several of the options, none twice.
   *
   * @param most at least as many as least; more than there are means all
   */
  record Several(int least, int most, String separator, List<Option> options) implements Node {}

  /**
   * What may be chosen.
   *
   * @param weight how often, in proportion to the others; in millionths, not negative
   */
  record Option(long weight, List<Node> nodes) {}
}
