package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** Reads the manifests in the folders of a catalogue. */
final class CatalogueReader {
  private final List<Path> folders;
  private final Path first;
  private final List<String> problems = new ArrayList<>();

  /**
   * @param folders see {@link Catalogue#open(List)}
   */
  CatalogueReader(List<Path> folders) {
    this.folders = folders;
    this.first = folders.get(0);
  }

  Catalogue read() {
    Map<String, ModelCard> models = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    List<String> added = new ArrayList<>();
    for (Path model : modelFolders(first)) {
      names.add(model.getFileName().toString());
      model(model, problems).ifPresent(card -> models.put(card.name(), card));
    }
    for (Path further : folders.subList(1, folders.size())) {
      for (Path model : manifestFolders(further)) {
        String name = model.getFileName().toString();
        if (names.contains(name) || added.contains(name)) {
          problems.add(name + ": " + further + " has a model of that name too");
          continue;
        }
        added.add(name);
        model(model, problems).ifPresent(card -> models.put(card.name(), card));
      }
    }
    Map<String, LoraCard> loras =
        beside(Catalogue.LORAS, each -> new AddOnReader(each, Catalogue.LORAS, problems).lora());
    Map<String, TextualInversionCard> inversions = textualInversions();
    Map<String, ControlNetCard> controlNets =
        beside(
            Catalogue.CONTROLNETS,
            each -> new AddOnReader(each, Catalogue.CONTROLNETS, problems).controlNet());
    List<String> all = Stream.concat(names.stream(), added.stream()).toList();
    SortedMap<String, List<String>> named = Pools.read(first, all, problems);
    SortedMap<String, String> aliases = Aliases.read(folders, all, problems);
    Map<String, UpscalerCard> upscalers =
        beside(
            Catalogue.UPSCALERS,
            each -> new PostprocessorReader(each, Catalogue.UPSCALERS, problems).upscaler());
    Optional<SafetyCheckerCard> safetyChecker = safetyChecker();
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(
          problems.stream().map(problem -> first.getFileName() + "/" + problem).toList());
    }
    return new Catalogue(
        new Catalogue.Models(models, retired(), aliases, named, Pools.with(named, added)),
        loras,
        inversions,
        controlNets,
        upscalers.values(),
        safetyChecker);
  }

  /** Empty when a problem was noted. */
  static Optional<ModelCard> model(Path folder, List<String> problems) {
    String name = folder.getFileName().toString();
    if (!name.matches(Limits.NAME_PATTERN)) {
      problems.add(name + ": the folder's name is no model name (" + Limits.NAME_PATTERN + ")");
      return Optional.empty();
    }
    return Optional.ofNullable(new ManifestReader(folder, problems).read());
  }

  private Map<String, TextualInversionCard> textualInversions() {
    Map<String, TextualInversionCard> inversions =
        beside(
            Catalogue.TEXTUAL_INVERSIONS,
            each ->
                new AddOnReader(each, Catalogue.TEXTUAL_INVERSIONS, problems).textualInversion());
    int vectors = inversions.values().stream().mapToInt(TextualInversionCard::vectors).sum();
    if (vectors > Limits.MAX_CATALOGUE_VECTORS) {
      problems.add(
          Catalogue.TEXTUAL_INVERSIONS
              + ": they have "
              + vectors
              + " vectors together; at most "
              + Limits.MAX_CATALOGUE_VECTORS
              + " can be");
    }
    return inversions;
  }

  /** How many vectors the textual inversions in one folder of a catalogue have together. */
  static int vectorsIn(Path folder) {
    return manifestFolders(folder.resolve(Catalogue.TEXTUAL_INVERSIONS)).stream()
        .map(
            each ->
                new AddOnReader(each, Catalogue.TEXTUAL_INVERSIONS, new ArrayList<>())
                    .textualInversion())
        .filter(Objects::nonNull)
        .mapToInt(TextualInversionCard::vectors)
        .sum();
  }

  private Optional<SafetyCheckerCard> safetyChecker() {
    List<SafetyCheckerCard> checkers =
        manifestFolders(first.resolve(Catalogue.SAFETY_CHECKERS)).stream()
            .map(
                each ->
                    new PostprocessorReader(each, Catalogue.SAFETY_CHECKERS, problems)
                        .safetyChecker())
            .filter(Objects::nonNull)
            .toList();
    if (checkers.size() > 1) {
      problems.add(
          Catalogue.SAFETY_CHECKERS + ": holds " + checkers.size() + " safety checkers; at most 1");
    }
    return checkers.stream().findFirst();
  }

  /**
   * What lies beside models, of one kind, by name; in the order of the folders, in each by name.
   *
   * @param read null where a problem was noted
   */
  private <C> Map<String, C> beside(String kind, Function<Path, C> read) {
    Map<String, C> found = new LinkedHashMap<>();
    for (Path folder : folders) {
      for (Path each : manifestFolders(folder.resolve(kind))) {
        String name = each.getFileName().toString();
        C card = read.apply(each);
        if (card != null && found.put(name, card) != null) {
          problems.add(kind + "/" + name + ": two folders have one of that name");
        }
      }
    }
    return found;
  }

  /** What cannot be read any more is none: it must not keep the others from their work. */
  private List<ModelCard> retired() {
    return folders.stream()
        .flatMap(folder -> folders(folder.resolve(Catalogue.RETIRED)).stream())
        .flatMap(version -> manifestFolders(version).stream())
        .map(model -> new ManifestReader(model, new ArrayList<>()).read())
        .filter(Objects::nonNull)
        .toList();
  }

  private static List<Path> modelFolders(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new InvalidCatalogueException(
          List.of("there is no models folder " + folder + ": set latentline.models to one"));
    }
    List<Path> found = manifestFolders(folder);
    if (found.isEmpty()) {
      throw new InvalidCatalogueException(
          List.of("the models folder " + folder + " holds no folder with a manifest.json"));
    }
    return found;
  }

  private static List<Path> manifestFolders(Path folder) {
    return folders(folder).stream()
        .filter(entry -> Files.exists(entry.resolve(ManifestFolder.MANIFEST)))
        .toList();
  }

  /** Ascending by name; empty where there is no such folder. */
  private static List<Path> folders(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw new InvalidCatalogueException(
          List.of("the models folder " + folder + " cannot be listed: " + e.getMessage()));
    }
  }
}
