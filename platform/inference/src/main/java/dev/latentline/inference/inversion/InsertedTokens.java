package dev.latentline.inference.inversion;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.proto.v1.ModelRef;
import java.util.List;

/**
 * The ids that the vectors of a request's textual inversions have among those of its tokens: from
 * {@link #FIRST} on, one for each vector, in the request's order.
 *
 * @param cards as the request pins them
 */
public record InsertedTokens(List<TextualInversionCard> cards) {
  /** No tokenizer has so many of its own. */
  public static final long FIRST = 1L << 24;

  public InsertedTokens {
    cards = List.copyOf(cards);
  }

  /** One of the vectors of a textual inversion. */
  public record Vector(TextualInversionCard card, int index) {}

  /**
   * @param pinned by a request
   * @throws Failure.Rejected with code {@code textual_inversion_unavailable} when one is not here,
   *     or does not fit the model
   */
  public static InsertedTokens of(Catalogue catalogue, ModelCard model, List<ModelRef> pinned) {
    return new InsertedTokens(
        pinned.stream().map(each -> catalogue.requireTextualInversion(each, model)).toList());
  }

  /** The id of its first vector; the others' follow. */
  public long firstOf(TextualInversionCard card) {
    long first = FIRST;
    for (TextualInversionCard other : cards) {
      if (other.equals(card)) {
        return first;
      }
      first += other.vectors();
    }
    throw new IllegalArgumentException(card.name() + " is none of the request's");
  }

  /**
   * @param id {@link #FIRST} or greater
   * @throws Failure.Rejected with code {@code invalid_tokens} when no vector has it
   */
  public Vector vector(long id) {
    long left = id - FIRST;
    for (TextualInversionCard card : cards) {
      if (left < card.vectors()) {
        return new Vector(card, (int) left);
      }
      left -= card.vectors();
    }
    throw new Failure.Rejected(
        "invalid_tokens", "A token is of no textual inversion of the request");
  }
}
