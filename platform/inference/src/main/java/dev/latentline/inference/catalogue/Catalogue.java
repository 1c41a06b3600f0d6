package dev.latentline.inference.catalogue;

import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.ModelRef;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
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

  /** The folders of a catalogue that are none of a model: no model can be called so. */
  public static final List<String> GROUPS =
      List.of(UPSCALERS, SAFETY_CHECKERS, LORAS, CONTROLNETS, TEXTUAL_INVERSIONS, RETIRED);

  private static final int MAX_NAME_CHARS = 64;

  private final Map<String, ModelCard> models;
  private final List<ModelCard> retired;
  private final SortedMap<String, String> aliases;
  private final SortedMap<String, List<String>> named;
  private final Shelf<LoraCard> loras;
  private final Shelf<TextualInversionCard> inversions;
  private final Shelf<ControlNetCard> controlNets;
  private final SortedMap<String, List<String>> pools;
  private final List<UpscalerCard> upscalers;
  private final Optional<SafetyCheckerCard> safetyChecker;

  Catalogue(
      Models models,
      Map<String, LoraCard> loras,
      Map<String, TextualInversionCard> inversions,
      Map<String, ControlNetCard> controlNets,
      Collection<UpscalerCard> upscalers,
      Optional<SafetyCheckerCard> safetyChecker) {
    this.models = Collections.unmodifiableMap(models.current);
    this.retired = List.copyOf(models.retired);
    this.aliases = Collections.unmodifiableSortedMap(models.aliases);
    this.named = Collections.unmodifiableSortedMap(models.named);
    this.pools = Collections.unmodifiableSortedMap(models.pools);
    this.loras = new Shelf<>("The LoRA", "lora_unavailable", loras);
    this.inversions =
        new Shelf<>("The textual inversion", "textual_inversion_unavailable", inversions);
    this.controlNets = new Shelf<>("The ControlNet", "controlnet_unavailable", controlNets);
    this.upscalers = List.copyOf(upscalers);
    this.safetyChecker = safetyChecker;
  }

  /**
   * The models and how they are called.
   *
   * @param named the pools as pools.yaml has them
   * @param pools with those models that no pool need name
   */
  record Models(
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
    return new CatalogueReader(folders).read();
  }

  /** The names that aliases.yaml gives models in any of the folders, as far as it can be read. */
  public static Set<String> aliasesIn(List<Path> folders) {
    return Aliases.read(folders, List.of(), new ArrayList<>()).keySet();
  }

  /** How many vectors the textual inversions in one folder of a catalogue have together. */
  public static int vectorsIn(Path folder) {
    return CatalogueReader.vectorsIn(folder);
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
    return loras.all();
  }

  /** Those that can change a model, ascending by name. */
  public List<LoraCard> lorasOf(ModelCard model) {
    return loras.of(model);
  }

  /** The LoRA by name, or by name@sha256:{hex} when its digest is that one. */
  public Optional<LoraCard> findLora(String reference) {
    return loras.find(reference);
  }

  /**
   * The LoRA that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code lora_unavailable} when this installation does not
   *     have it, has another version of it, or it does not fit the model
   */
  public LoraCard requireLora(ModelRef pinned, ModelCard model) {
    return loras.require(pinned, model);
  }

  /** Ascending by name. */
  public Collection<ControlNetCard> controlNets() {
    return controlNets.all();
  }

  /** Those that can steer a model, ascending by name. */
  public List<ControlNetCard> controlNetsOf(ModelCard model) {
    return controlNets.of(model);
  }

  /** The ControlNet by name, or by name@sha256:{hex} when its digest is that one. */
  public Optional<ControlNetCard> findControlNet(String reference) {
    return controlNets.find(reference);
  }

  /**
   * The ControlNet that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code controlnet_unavailable}, as {@link #requireLora}
   */
  public ControlNetCard requireControlNet(ModelRef pinned, ModelCard model) {
    return controlNets.require(pinned, model);
  }

  /** Those that a model can read, ascending by name. */
  public List<TextualInversionCard> textualInversionsOf(ModelCard model) {
    return inversions.of(model);
  }

  /**
   * The textual inversion that a request was pinned to.
   *
   * @throws Failure.Rejected with code {@code textual_inversion_unavailable}, as {@link
   *     #requireLora}
   */
  public TextualInversionCard requireTextualInversion(ModelRef pinned, ModelCard model) {
    return inversions.require(pinned, model);
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
