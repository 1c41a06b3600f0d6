package dev.latentline.local.command;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.local.CliException;
import dev.latentline.local.hub.Download;
import dev.latentline.local.hub.DownloadFolder;
import dev.latentline.local.hub.HubClient;
import dev.latentline.local.hub.HubName;
import dev.latentline.local.hub.HubRepository;
import dev.latentline.local.hub.Selection;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a model of the stack on this machine from a repository of a model hub. */
@Command(
    name = "pull",
    description =
        "Fetch a model of Stable Diffusion or FLUX.1, a LoRA, a ControlNet, a textual inversion or an"
            + " upscaler from a model hub, and import it for the stack on this machine. A call that"
            + " was broken off goes on where it ended.",
    footer = {
      "",
      "Environment:",
      "  HF_ENDPOINT  the hub (default: https://huggingface.co)",
      "  HF_TOKEN     a token of the hub, for models that are not for everybody"
    },
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  private static final String DEFAULT_HUB = "https://huggingface.co";
  private static final String VARIANT = "[A-Za-z0-9_]{1,32}";

  @Parameters(
      paramLabel = "OWNER/NAME[@REVISION]",
      description = "The repository, at a branch, a tag or a commit (default: main).")
  private String repository;

  @Option(
      names = "--file",
      paramLabel = "PATH",
      description = "A .safetensors file of the repository, where it has several checkpoints.")
  private String file;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      description = "Which weights of a folder that has several, such as fp16.")
  private String variant;

  @Mixin private ImportOptions options = new ImportOptions();

  @Option(names = "--keep", description = "Keep the files that were fetched.")
  private boolean keep;

  @Override
  public Integer call() {
    options.check();
    if (file != null && variant != null) {
      throw CliException.usage("--file names the weights already: leave --variant out");
    }
    if (variant != null && !variant.matches(VARIANT)) {
      throw CliException.usage("--variant is a word such as fp16");
    }
    HubName name = HubName.parse(repository);
    URI hub = hub();
    try {
      pull(new HubClient(hub, environment("HF_TOKEN")), name);
    } catch (IOException e) {
      throw CliException.failed(
          "fetching "
              + name.id()
              + " from "
              + hub.getHost()
              + " broke off ("
              + e.getMessage()
              + "): the same command goes on where it ended");
    }
    return 0;
  }

  private void pull(HubClient hub, HubName name) throws IOException {
    HubRepository found = hub.repository(name);
    Selection.Chosen chosen =
        new Selection(Optional.ofNullable(file), Optional.ofNullable(variant)).of(found);
    String suggested =
        file == null
            ? Catalogue.suggestedName(name.repository())
            : CheckpointImport.suggestedName(Path.of(chosen.files().get(0).path()));
    options.requireFree(suggested, chosen.isModel());
    Path downloads = StackOptions.state().downloads();
    try (DownloadFolder folder =
            DownloadFolder.open(downloads, found, Optional.ofNullable(variant));
        Progress progress = Progress.toStderr()) {
      new Download(hub, found, folder.path(), new Shown(name.id(), progress)).run(chosen.files());
      progress.finish();
      importFrom(folder.path(), chosen, suggested, found.licence());
      if (!keep) {
        folder.delete(chosen.files());
      }
    }
  }

  private void importFrom(
      Path folder, Selection.Chosen chosen, String suggested, Optional<String> licence) {
    Path checkpoint = chosen.isFolder() ? folder : folder.resolve(chosen.files().get(0).path());
    try {
      options.run(checkpoint, Optional.empty(), suggested, licence);
    } catch (CliException e) {
      throw CliException.failed(
          e.getMessage() + "; what was fetched is kept in " + folder + " and not fetched again");
    }
  }

  /** How far it is, at the pace of this call. */
  private static final class Shown implements Download.Watcher {
    private static final double SHORT_SECONDS = 2;

    private final String id;
    private final Progress progress;
    private final long began = System.nanoTime();
    private long missing;
    private long all;

    Shown(String id, Progress progress) {
      this.id = id;
      this.progress = progress;
    }

    @Override
    public void begin(int files, long missing, long all) {
      this.missing = missing;
      this.all = all;
      progress.note(
          String.format(
              Locale.ROOT,
              "latentline: fetching %s: %d file%s of %.2f GB, %.2f GB of them still missing",
              id,
              files,
              files == 1 ? "" : "s",
              all / 1e9,
              missing / 1e9));
    }

    @Override
    public void fetched(long bytes) {
      long left = all - bytes;
      double seconds = (System.nanoTime() - began) / 1e9;
      long now = missing - left;
      progress.done(
          all == 0 ? 1 : (double) bytes / all,
          now <= 0 || seconds < SHORT_SECONDS
              ? OptionalLong.empty()
              : OptionalLong.of((long) (1000 * seconds * left / now)));
    }

    @Override
    public void note(String line) {
      progress.note("latentline: " + line);
    }
  }

  private static URI hub() {
    try {
      return URI.create(environment("HF_ENDPOINT").orElse(DEFAULT_HUB));
    } catch (IllegalArgumentException e) {
      throw CliException.usage("HF_ENDPOINT must be an address such as " + DEFAULT_HUB);
    }
  }

  private static Optional<String> environment(String name) {
    return Optional.ofNullable(System.getenv(name))
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }
}
