package dev.latentline.gateway.decide;

import dev.latentline.gateway.fold.Outcome;

/**
 * Something that is due and has no mark in the state yet. Carrying it out twice does no harm. Each
 * ends with the fact that marks it.
 */
public sealed interface Effect {
  /** Write generation.requested; mark: {@code dispatched}. */
  record Dispatch() implements Effect {}

  /** State that the deadline is over; mark: {@code deadline_passed}. */
  record NoteDeadline() implements Effect {}

  /** Tell the stages to stop unless all is done, and end it; mark: the terminal fact. */
  record End(Outcome outcome) implements Effect {}

  /**
   * Write the manifest and hand the webhook over, or of a live frame remove what it left in the
   * store; mark: {@code settled}.
   */
  record Settle() implements Effect {}
}
