package dev.latentline.inference.catalogue;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.ModelRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The models of an installation: a folder with pools.yaml and one folder per model, each with its
 * manifest.json. What works on decoded pictures lies one folder deeper, in upscalers and
 * safety_checkers, what changes models in loras and textual_inversions, and what steers them in
 * controlnets; aliases.yaml has other names of models, and retired what took their places left
 * behind; none need be there. Read once; immutable. The models' own files are neither opened nor
 * verified by {@link #open}: see {@link ModelCard#verify()}.
 */
public final class Catalogue {
  static final String SAFETY_CHECKERS = "safety_checkers";

  /** The folder of a catalogue that holds upscalers. */
  public static final String UPSCALERS = "upscalers";

  /** The folder of a catalogue that holds LoRAs. */
  public static final String LORAS = "loras";

  /** The folder of a catalogue that holds ControlNets. */
  public static final String CONTROLNETS = "controlnets";

  /** The folder of a catalogue that holds textual inversions. */
  public static final String TEXTUAL_INVERSIONS = "textual_inversions";

  /**
   * The folder of a catalogue that holds models whose places others took: retired/{any}/{name}.
   * Requests that were pinned to them are still carried out.
   */
  public static final String RETIRED = "retired";

  private static final int MAX_NAME_CHARS = 64;

  private final Map<String, ModelCard> models;
  private final List<ModelCard> retired;
  private final SortedMap<String, String> aliases;
  private final SortedMap<String, List<String>> named;
  private final SortedMap<String, LoraCard> loras;
  private final SortedMap<String, TextualInversionCard> inversions;
  private final SortedMap<String, ControlNetCard> controlNets;
  private final SortedMap<String, List<String>> pools;
  private final List<UpscalerCard> upscalers;
  private final Optional<SafetyCheckerCard> safetyChecker;

  private Catalogue(
      Models models,
      SortedMap<String, LoraCard> loras,
      SortedMap<String, TextualInversionCard> inversions,
      SortedMap<String, ControlNetCard> controlNets,
      List<UpscalerCard> upscalers,
      List<SafetyCheckerCard> safetyCheckers) {
    this.models = Collections.unmodifiableMap(models.current);
    this.retired = List.copyOf(models.retired);
    this.aliases = Collections.unmodifiableSortedMap(models.aliases);
    this.named = Collections.unmodifiableSortedMap(models.named);
    this.pools = Collections.unmodifiableSortedMap(models.pools);
    this.loras = Collections.unmodifiableSortedMap(loras);
    this.inversions = Collections.unmodifiableSortedMap(inversions);
    this.controlNets = Collections.unmodifiableSortedMap(controlNets);
    this.upscalers = List.copyOf(upscalers);
    this.safetyChecker = safetyCheckers.stream().findFirst();
  }

  /**
   * The models and how they are called.
   *
   * @param named the pools as pools.yaml has them
   * @param pools with those models that no pool need name
   */
  private record Models(
      Map<String, ModelCard> current,
      List<ModelCard> retired,
      SortedMap<String, String> aliases,
      SortedMap<String, List<String>> named,
      SortedMap<String, List<String>> pools) {}

  /**
   * Reads every manifest.
   *
   * @param folder each folder in it that has a manifest.json is a model
   * @throws InvalidCatalogueException with everything that is wrong
   */
  public static Catalogue open(Path folder) {
    return open(List.of(folder));
  }

  /**
   * Reads every manifest of several folders, as one catalogue.
   *
   * @param folders the first is as {@link #open(Path)} says; of the others, which may be empty,
   *     only models, what changes or steers them and upscalers are read. A model of theirs that no
   *     pool names is in the pool default
   * @throws InvalidCatalogueException with everything that is wrong
   */
  public static Catalogue open(List<Path> folders) {
    Path folder = folders.get(0);
    List<String> problems = new ArrayList<>();
    Map<String, ModelCard> models = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    List<String> added = new ArrayList<>();
    for (Path model : modelFolders(folder)) {
      names.add(model.getFileName().toString());
      read(model, models, problems);
    }
    for (Path further : folders.subList(1, folders.size())) {
      for (Path model : manifestFolders(further)) {
        String name = model.getFileName().toString();
        if (names.contains(name) || added.contains(name)) {
          problems.add(name + ": " + further + " has a model of that name too");
          continue;
        }
        added.add(name);
        read(model, models, problems);
      }
    }
    SortedMap<String, LoraCard> loras =
        new TreeMap<>(
            beside(folders, LORAS, change -> new LoraReader(change, problems).read(), problems));
    SortedMap<String, TextualInversionCard> inversions =
        new TreeMap<>(
            beside(
                folders,
                TEXTUAL_INVERSIONS,
                change -> new TextualInversionReader(change, problems).read(),
                problems));
    SortedMap<String, ControlNetCard> controlNets =
        new TreeMap<>(
            beside(
                folders,
                CONTROLNETS,
                steering -> new ControlNetReader(steering, problems).read(),
                problems));
    int vectors = inversions.values().stream().mapToInt(TextualInversionCard::vectors).sum();
    if (vectors > Limits.MAX_CATALOGUE_VECTORS) {
      problems.add(
          TEXTUAL_INVERSIONS
              + ": they have "
              + vectors
              + " vectors together; at most "
              + Limits.MAX_CATALOGUE_VECTORS
              + " can be");
    }
    List<String> all = Stream.concat(names.stream(), added.stream()).toList();
    SortedMap<String, List<String>> named = Pools.read(folder, all, problems);
    SortedMap<String, String> aliases = Aliases.read(folders, all, problems);
    Map<String, UpscalerCard> upscalers =
        beside(
            folders,
            UPSCALERS,
            upscaler -> new PostprocessorReader(upscaler, UPSCALERS, problems).upscaler(),
            problems);
    List<SafetyCheckerCard> checkers =
        manifestFolders(folder.resolve(SAFETY_CHECKERS)).stream()
            .map(
                checker ->
                    new PostprocessorReader(checker, SAFETY_CHECKERS, problems).safetyChecker())
            .filter(Objects::nonNull)
            .toList();
    if (checkers.size() > 1) {
      problems.add(SAFETY_CHECKERS + ": holds " + checkers.size() + " safety checkers; at most 1");
    }
    if (!problems.isEmpty()) {
      throw new InvalidCatalogueException(
          problems.stream().map(problem -> folder.getFileName() + "/" + problem).toList());
    }
    return new Catalogue(
        new Models(models, retired(folders), aliases, named, Pools.with(named, added)),
        loras,
        inversions,
        controlNets,
        List.copyOf(upscalers.values()),
        checkers);
  }

  /**
   * What lies beside models, of one kind, by name; in the order of the folders, in each by name.
   *
   * @param read null where a problem was noted
   */
  private static <C> Map<String, C> beside(
      List<Path> folders, String kind, Function<Path, C> read, List<String> problems) {
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
  private static List<ModelCard> retired(List<Path> folders) {
    return folders.stream()
        .flatMap(folder -> folders(folder.resolve(RETIRED)).stream())
        .flatMap(version -> manifestFolders(version).stream())
        .map(model -> new ManifestReader(model, new ArrayList<>()).read())
        .filter(Objects::nonNull)
        .toList();
  }

  /** How many vectors the textual inversions in one folder of a catalogue have together. */
  public static int vectorsIn(Path folder) {
    return manifestFolders(folder.resolve(TEXTUAL_INVERSIONS)).stream()
        .map(inversion -> new TextualInversionReader(inversion, new ArrayList<>()).read())
        .filter(Objects::nonNull)
        .mapToInt(TextualInversionCard::vectors)
        .sum();
  }

  /** What is wrong with the manifest in a textual inversion's folder; empty when it can be used. */
  public static List<String> textualInversionProblems(Path inversion) {
    List<String> problems = new ArrayList<>();
    new TextualInversionReader(inversion, problems).read();
    return problems;
  }

  /** What is wrong with the manifest in a LoRA's folder; empty when it can be used. */
  public static List<String> loraProblems(Path lora) {
    List<String> problems = new ArrayList<>();
    new LoraReader(lora, problems).read();
    return problems;
  }

  /** What is wrong with the manifest in a ControlNet's folder; empty when it can be used. */
  public static List<String> controlNetProblems(Path controlNet) {
    List<String> problems = new ArrayList<>();
    new ControlNetReader(controlNet, problems).read();
    return problems;
  }

  /** What is wrong with the manifest in an upscaler's folder; empty when it can be used. */
  public static List<String> upscalerProblems(Path upscaler) {
    List<String> problems = new ArrayList<>();
    new PostprocessorReader(upscaler, UPSCALERS, problems).upscaler();
    return problems;
  }

  private static void read(Path model, Map<String, ModelCard> models, List<String> problems) {
    String name = model.getFileName().toString();
    if (!name.matches(Limits.NAME_PATTERN)) {
      problems.add(name + ": the folder's name is no model name (" + Limits.NAME_PATTERN + ")");
      return;
    }
    ModelCard card = new ManifestReader(model, problems).read();
    if (card != null) {
      models.put(name, card);
    }
  }

  /** What is wrong with the manifest in a model's folder; empty when it can be used. */
  public static List<String> problems(Path model) {
    List<String> problems = new ArrayList<>();
    read(model, new TreeMap<>(), problems);
    return problems;
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

  /**
   * The name here that what people call a model or LoRA suggests: a file's name, without its
   * ending. Empty where that has no letter or digit.
   */
  public static String suggestedName(String written) {
    String plain =
        written
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9._-]+", "-")
            .replaceAll("^[^a-z0-9]+|-+$", "");
    return plain.substring(0, Math.min(MAX_NAME_CHARS, plain.length()));
  }

  /** Those on offer to draw with: folder by folder, in each ascending by name. */
  public Collection<ModelCard> models() {
    return current().filter(model -> !model.isRefiner()).toList();
  }

  /** Those that go on with the pictures of a model in its pool, in the order of {@link #models}. */
  public List<ModelCard> refinersOf(ModelCard model) {
    return current()
        .filter(refiner -> refiner.canRefine(model) && poolOf(refiner).equals(poolOf(model)))
        .toList();
  }

  private Stream<ModelCard> current() {
    return models.values().stream().filter(model -> poolOf(model).isPresent());
  }

  /** Whether it is one of those that had their names before others. */
  public boolean isRetired(ModelCard model) {
    return retired.contains(model);
  }

  /** Those that requests can be pinned to: those on offer, and what had their names before. */
  public List<ModelCard> served() {
    return Stream.concat(models.values().stream(), retired.stream())
        .filter(model -> poolOf(model).isPresent())
        .toList();
  }

  /** The other names of a model, ascending. */
  public List<String> aliasesOf(ModelCard model) {
    return aliases.entrySet().stream()
        .filter(alias -> alias.getValue().equals(model.name()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * The model by name or alias, or by name@sha256:{hex} when it has that digest, or had it before
   * another took its place. It need not be on offer.
   */
  public Optional<ModelCard> find(String reference) {
    int at = reference.indexOf('@');
    String called = at < 0 ? reference : reference.substring(0, at);
    String name = aliases.getOrDefault(called, called);
    return at < 0
        ? Optional.ofNullable(models.get(name))
        : version(name, reference.substring(at + 1));
  }

  private Optional<ModelCard> version(String name, String digest) {
    return Stream.concat(Stream.ofNullable(models.get(name)), retired.stream())
        .filter(card -> card.name().equals(name) && card.digest().equals(digest))
        .findFirst();
  }

  /**
   * The model that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code model_unavailable} when this installation does not
   *     have it, has another version of it
   */
  public ModelCard require(ModelRef pinned) {
    return version(pinned.getName(), pinned.getDigest())
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "model_unavailable",
                    "The model "
                        + pinned.getName()
                        + (models.containsKey(pinned.getName())
                            ? " is installed here in another version"
                            : " is not installed here")));
  }

  /** Ascending by name. */
  public Collection<LoraCard> loras() {
    return loras.values();
  }

  /** Those that can change a model, ascending by name. */
  public List<LoraCard> lorasOf(ModelCard model) {
    return loras.values().stream().filter(lora -> lora.fits(model)).toList();
  }

  /** The LoRA by name, or by name@sha256:{hex} when its digest is that one. */
  public Optional<LoraCard> findLora(String reference) {
    int at = reference.indexOf('@');
    return Optional.ofNullable(loras.get(at < 0 ? reference : reference.substring(0, at)))
        .filter(card -> at < 0 || card.digest().equals(reference.substring(at + 1)));
  }

  /**
   * The LoRA that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code lora_unavailable} when this installation does not
   *     have it, has another version of it, or it does not fit the model
   */
  public LoraCard requireLora(ModelRef pinned, ModelCard model) {
    LoraCard card = findLora(pinned.getName() + "@" + pinned.getDigest()).orElse(null);
    if (card == null) {
      throw new Failure.Rejected(
          "lora_unavailable",
          "The LoRA " + pinned.getName() + " is not installed here, or in another version");
    }
    if (!card.fits(model)) {
      throw new Failure.Rejected(
          "lora_unavailable",
          "The LoRA " + pinned.getName() + " does not fit the model " + model.name());
    }
    return card;
  }

  /** Ascending by name. */
  public Collection<ControlNetCard> controlNets() {
    return controlNets.values();
  }

  /** Those that can steer a model, ascending by name. */
  public List<ControlNetCard> controlNetsOf(ModelCard model) {
    return controlNets.values().stream().filter(each -> each.fits(model)).toList();
  }

  /** The ControlNet by name, or by name@sha256:{hex} when its digest is that one. */
  public Optional<ControlNetCard> findControlNet(String reference) {
    int at = reference.indexOf('@');
    return Optional.ofNullable(controlNets.get(at < 0 ? reference : reference.substring(0, at)))
        .filter(card -> at < 0 || card.digest().equals(reference.substring(at + 1)));
  }

  /**
   * The ControlNet that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code controlnet_unavailable} when this installation does
   *     not have it, has another version of it, or it does not fit the model
   */
  public ControlNetCard requireControlNet(ModelRef pinned, ModelCard model) {
    return findControlNet(pinned.getName() + "@" + pinned.getDigest())
        .filter(card -> card.fits(model))
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "controlnet_unavailable",
                    "The ControlNet "
                        + pinned.getName()
                        + " is not installed here, or in another version, or does not fit the model "
                        + model.name()));
  }

  /** Those that a model can read, ascending by name. */
  public List<TextualInversionCard> textualInversionsOf(ModelCard model) {
    return inversions.values().stream().filter(inversion -> inversion.fits(model)).toList();
  }

  /**
   * The textual inversion that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code textual_inversion_unavailable} when this installation
   *     does not have it, has another version of it, or it does not fit the model
   */
  public TextualInversionCard requireTextualInversion(ModelRef pinned, ModelCard model) {
    return Optional.ofNullable(inversions.get(pinned.getName()))
        .filter(card -> card.digest().equals(pinned.getDigest()) && card.fits(model))
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "textual_inversion_unavailable",
                    "The textual inversion "
                        + pinned.getName()
                        + " is not installed here, or in another version, or does not fit the model "
                        + model.name()));
  }

  /** Folder by folder, in each ascending by name. */
  public List<UpscalerCard> upscalers() {
    return upscalers;
  }

  /** The upscaler by name, or by name@sha256:{hex} when its digest is that one. */
  public Optional<UpscalerCard> findUpscaler(String reference) {
    return upscalers.stream()
        .filter(card -> reference.equals(card.name()) || reference.equals(card.reference()))
        .findFirst();
  }

  /** The first that makes this factor, for requests that name none. */
  public Optional<UpscalerCard> upscaler(int factor) {
    return upscalers.stream().filter(card -> card.factors().contains(factor)).findFirst();
  }

  /**
   * The upscaler that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code upscaler_unavailable} when this installation does not
   *     have it, or has another version of it
   */
  public UpscalerCard requireUpscaler(ModelRef pinned) {
    return findUpscaler(pinned.getName() + "@" + pinned.getDigest())
        .orElseThrow(
            () ->
                new Failure.Rejected(
                    "upscaler_unavailable",
                    "The upscaler "
                        + pinned.getName()
                        + " is not installed here, or in another version"));
  }

  public Optional<SafetyCheckerCard> safetyChecker() {
    return safetyChecker;
  }

  /** Models by pool, both ascending by name of the pool. */
  public Map<String, List<String>> pools() {
    return pools;
  }

  /** The pool that serves a model of this catalogue; empty where it is in none. */
  public Optional<String> poolOf(ModelCard model) {
    return pools.entrySet().stream()
        .filter(pool -> pool.getValue().contains(model.name()))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * The models that the replicas of a pool serve, with what had their names before.
   *
   * @throws InvalidCatalogueException when there is no such pool
   */
  public List<ModelCard> modelsOf(String pool) {
    List<String> names = names(pools, pool);
    return served().stream().filter(model -> names.contains(model.name())).toList();
  }

  /**
   * Those of a pool that pools.yaml names, in its order: its replicas have them at hand.
   *
   * @throws InvalidCatalogueException when there is no such pool
   */
  public List<ModelCard> namedModelsOf(String pool) {
    names(pools, pool);
    return named.getOrDefault(pool, List.of()).stream().map(models::get).toList();
  }

  /** Those that pools.yaml names, pool by pool. */
  public List<ModelCard> namedModels() {
    return named.keySet().stream().flatMap(pool -> namedModelsOf(pool).stream()).toList();
  }

  private static List<String> names(SortedMap<String, List<String>> pools, String pool) {
    if (!pools.containsKey(pool)) {
      throw new InvalidCatalogueException(
          List.of(
              Pools.FILE
                  + " has no pool "
                  + pool
                  + ": set latentline.pool to one of "
                  + pools.keySet()));
    }
    return pools.get(pool);
  }
}
