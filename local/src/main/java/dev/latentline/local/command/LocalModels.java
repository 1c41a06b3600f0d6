package dev.latentline.local.command;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ControlNetCard;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.catalogue.LoraCard;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.TextualInversionCard;
import dev.latentline.local.CliException;
import dev.latentline.local.client.Model;
import dev.latentline.local.client.Upscaler;
import java.nio.file.Path;
import java.util.List;

/** The models in the catalogue folders of this machine, read without starting anything. */
final class LocalModels {
  private LocalModels() {}

  /**
   * Those on offer: folder by folder, in each by name.
   *
   * @throws CliException when there is no such folder, or a manifest cannot be read
   */
  static List<Model> in(List<Path> catalogues) {
    Catalogue catalogue = catalogue(catalogues);
    return catalogue.models().stream().map(card -> model(card, catalogue)).toList();
  }

  /**
   * What makes pictures larger, the same way.
   *
   * @throws CliException as {@link #in}
   */
  static List<Upscaler> upscalersIn(List<Path> catalogues) {
    return catalogue(catalogues).upscalers().stream()
        .map(card -> new Upscaler(card.name(), card.factors(), card.licence()))
        .toList();
  }

  private static Catalogue catalogue(List<Path> catalogues) {
    try {
      return Catalogue.open(catalogues);
    } catch (InvalidCatalogueException e) {
      throw CliException.failed(
          e.getMessage() + ": run mvn -Dquick package, or set LATENTLINE_MODELS");
    }
  }

  private static Model model(ModelCard card, Catalogue catalogue) {
    return new Model(
        card.name(),
        catalogue.aliasesOf(card),
        card.family(),
        card.licence(),
        card.description(),
        card.defaults().width(),
        card.defaults().height(),
        card.defaults().steps(),
        catalogue.lorasOf(card).stream().map(LoraCard::name).toList(),
        catalogue.refinersOf(card).stream().map(ModelCard::name).toList(),
        catalogue.controlNetsOf(card).stream().map(ControlNetCard::name).toList(),
        catalogue.textualInversionsOf(card).stream().map(TextualInversionCard::name).toList());
  }
}
