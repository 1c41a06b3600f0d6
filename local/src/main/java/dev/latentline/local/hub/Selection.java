package dev.latentline.local.hub;

import dev.latentline.local.CliException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which files of a repository make a model: the one that was named; else a folder as diffusers
 * writes it, of a whole model or of one part, such as a ControlNet; else the only checkpoint.
 * Weights are taken as safetensors only, never as pickles.
 *
 * @param file the path of a checkpoint, where one was named
 * @param variant such as {@code fp16}: which weights of a folder that has several
 */
public record Selection(Optional<String> file, Optional<String> variant) {
  private static final String INDEX = "model_index.json";
  private static final String CONFIG = "config.json";
  private static final String SUFFIX = ".safetensors";
  private static final List<String> NETWORKS = List.of("unet", "transformer");
  private static final List<String> PARTS =
      List.of("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3");
  private static final List<String> SETTINGS = List.of(INDEX, "scheduler/scheduler_config.json");

  /** What diffusers and transformers call the weights of a part, and their shards. */
  private static final String WEIGHTS = "(diffusion_pytorch_model|model)";

  private static final String SHARDS =
      WEIGHTS + "(-\\d+-of-\\d+\\.safetensors|\\.safetensors\\.index\\.json)";

  /** Of a part that has a repository of its own; what transformers writes is none of diffusers'. */
  private static final String ALONE = "diffusion_pytorch_model.*\\.safetensors(\\.index\\.json)?";

  private static final int SHOWN = 10;

  /**
   * What to fetch.
   *
   * @param isFolder whether the files are a folder, or the only one is what is wanted
   * @param isModel whether it must be a model: a file or one part may be something beside models
   */
  public record Chosen(List<HubFile> files, boolean isFolder, boolean isModel) {}

  /**
   * @throws CliException when the repository has no such files, or more than one model
   */
  public Chosen of(HubRepository repository) {
    String id = repository.name().id();
    if (file.isPresent()) {
      return new Chosen(List.of(named(repository, file.get())), false, false);
    }
    if (find(repository, INDEX).isPresent()) {
      return new Chosen(folder(repository), true, true);
    }
    if (isPart(repository)) {
      return new Chosen(part(repository, ""), true, false);
    }
    if (variant.isPresent()) {
      throw CliException.usage(
          "--variant is about a folder of diffusers, and " + id + " is none: leave it out");
    }
    List<HubFile> checkpoints = checkpoints(repository);
    if (checkpoints.isEmpty()) {
      throw CliException.failed(
          id + " has no " + SUFFIX + " file and no " + INDEX + ": other kinds are not read");
    }
    if (checkpoints.size() > 1) {
      throw CliException.usage(
          id + " has several checkpoints, name one with --file: " + shown(checkpoints));
    }
    return new Chosen(checkpoints, false, false);
  }

  private static HubFile named(HubRepository repository, String path) {
    if (!path.endsWith(SUFFIX)) {
      throw CliException.usage("--file must be a " + SUFFIX + " file, not " + path);
    }
    return find(repository, path)
        .orElseThrow(
            () ->
                CliException.usage(
                    "--file: "
                        + repository.name().id()
                        + " has no "
                        + path
                        + "; it has "
                        + shown(checkpoints(repository))));
  }

  /** Weights of parts are in folders, checkpoints are not. */
  private static List<HubFile> checkpoints(HubRepository repository) {
    return repository.files().stream()
        .filter(each -> each.path().endsWith(SUFFIX) && !each.path().contains("/"))
        .toList();
  }

  private static String shown(List<HubFile> files) {
    if (files.isEmpty()) {
      return "none at its top";
    }
    String names =
        files.stream().limit(SHOWN).map(Selection::shown).collect(Collectors.joining(", "));
    return names + (files.size() > SHOWN ? " and " + (files.size() - SHOWN) + " more" : "");
  }

  private static String shown(HubFile file) {
    return file.bytes() < 0
        ? file.path()
        : String.format(Locale.ROOT, "%s (%.2f GB)", file.path(), file.bytes() / 1e9);
  }

  private List<HubFile> folder(HubRepository repository) {
    if (NETWORKS.stream().allMatch(network -> inside(repository, network + "/").isEmpty())) {
      throw CliException.failed(
          repository.name().id()
              + " is no Stable Diffusion model: it has no folder "
              + String.join(" or ", NETWORKS)
              + ", but "
              + folders(repository));
    }
    List<HubFile> chosen = new ArrayList<>();
    SETTINGS.forEach(path -> find(repository, path).ifPresent(chosen::add));
    for (String part : PARTS) {
      if (!inside(repository, part + "/").isEmpty()) {
        chosen.addAll(part(repository, part + "/"));
      }
    }
    return chosen;
  }

  /** Whether the whole repository is the folder of one part. */
  private static boolean isPart(HubRepository repository) {
    return find(repository, CONFIG).isPresent()
        && inside(repository, "").stream().anyMatch(each -> each.path().matches(ALONE));
  }

  /**
   * @param place the part's folder with a slash behind it; empty where that is the repository
   */
  private List<HubFile> part(HubRepository repository, String place) {
    List<HubFile> chosen = new ArrayList<>();
    find(repository, place + CONFIG).ifPresent(chosen::add);
    chosen.addAll(weights(repository, place, inside(repository, place)));
    return chosen;
  }

  private static List<HubFile> inside(HubRepository repository, String place) {
    return repository.files().stream()
        .filter(each -> each.path().matches(place + "[^/]+"))
        .toList();
  }

  private static List<String> folders(HubRepository repository) {
    return repository.files().stream()
        .map(HubFile::path)
        .filter(path -> path.contains("/"))
        .map(path -> path.substring(0, path.indexOf('/')))
        .distinct()
        .limit(SHOWN)
        .toList();
  }

  private static Optional<HubFile> find(HubRepository repository, String path) {
    return repository.files().stream().filter(each -> each.path().equals(path)).findFirst();
  }

  /** One file, or an index with its shards. */
  private List<HubFile> weights(HubRepository repository, String place, List<HubFile> inside) {
    String suffix = variant.map(name -> "\\." + name).orElse("") + "\\.safetensors";
    List<HubFile> whole = matching(inside, place, WEIGHTS + suffix);
    if (!whole.isEmpty()) {
      return whole.subList(0, 1);
    }
    List<HubFile> shards = variant.isEmpty() ? matching(inside, place, SHARDS) : List.of();
    if (!shards.isEmpty()) {
      return shards;
    }
    throw CliException.failed(
        repository.name().id()
            + " has no "
            + SUFFIX
            + " weights"
            + (place.isEmpty() ? "" : " in " + place.substring(0, place.length() - 1))
            + variant.map(name -> " of the variant " + name).orElse("")
            + "; it has "
            + inside.stream().map(HubFile::path).limit(SHOWN).toList()
            + (variant.isEmpty() ? ": try --variant fp16, or another repository" : ""));
  }

  private static List<HubFile> matching(List<HubFile> inside, String place, String name) {
    Pattern path = Pattern.compile(place + name);
    return inside.stream().filter(each -> path.matcher(each.path()).matches()).toList();
  }
}
