package dev.latentline.inference.catalogue;

import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.ModelRef;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** All of one kind that lies beside the models of a catalogue. */
final class Shelf<C extends AddOn> {
  private final String what;
  private final String code;
  private final SortedMap<String, C> byName;

  /**
   * @param what one of them is, for people
   * @param code of the failure when one is not there
   */
  Shelf(String what, String code, Map<String, C> byName) {
    this.what = what;
    this.code = code;
    this.byName = Collections.unmodifiableSortedMap(new TreeMap<>(byName));
  }

  /** Ascending by name. */
  Collection<C> all() {
    return byName.values();
  }

  /** Those that are for a model, ascending by name. */
  List<C> of(ModelCard model) {
    return byName.values().stream().filter(each -> each.fits(model)).toList();
  }

  /** By name, or by name@sha256:{hex} when its digest is that one. */
  Optional<C> find(String reference) {
    int at = reference.indexOf('@');
    return Optional.ofNullable(byName.get(at < 0 ? reference : reference.substring(0, at)))
        .filter(card -> at < 0 || card.digest().equals(reference.substring(at + 1)));
  }

  /**
   * The one that a request was pinned to.
   *
   * @throws Failure.Rejected when it is not there, in another version, or not for the model
   */
  C require(ModelRef pinned, ModelCard model) {
    C card =
        find(pinned.getName() + "@" + pinned.getDigest())
            .orElseThrow(
                () ->
                    new Failure.Rejected(
                        code,
                        what
                            + " "
                            + pinned.getName()
                            + " is not installed here, or in another version"));
    if (!card.fits(model)) {
      throw new Failure.Rejected(
          code, what + " " + pinned.getName() + " does not fit the model " + model.name());
    }
    return card;
  }
}
