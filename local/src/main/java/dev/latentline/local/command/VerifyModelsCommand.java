package dev.latentline.local.command;

import dev.latentline.inference.catalogue.Installed;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.local.CliException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Holds the files of the models on this machine against the digests in their manifests. */
@Command(
    name = "verify",
    description =
        "Read every file of the models on this machine, and of what lies beside them, and hold it"
            + " against its manifest.json.",
    mixinStandardHelpOptions = true)
final class VerifyModelsCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "NAME",
      arity = "0..*",
      description =
          "Of a model, a LoRA, a textual inversion, a ControlNet, an upscaler, a safety checker;"
              + " default: all.")
  private List<String> names = new ArrayList<>();

  private long read;

  @Override
  public Integer call() {
    List<Installed> chosen = chosen(all(StackOptions.models()));
    List<Installed> wrong = new ArrayList<>();
    long bytes = Math.max(1, chosen.stream().mapToLong(Installed::bytes).sum());
    try (Progress progress = Progress.toStderr()) {
      for (Installed each : chosen) {
        List<String> problems =
            each.verify(
                more -> {
                  read += more;
                  progress.done((double) read / bytes, OptionalLong.empty());
                });
        progress.finish();
        problems.forEach(System.out::println);
        if (problems.isEmpty()) {
          System.out.printf(
              Locale.ROOT,
              "%s: as it should be, %d files of %.2f GB, %s%n",
              each.place(),
              each.files(),
              each.bytes() / 1e9,
              each.digest());
        } else {
          wrong.add(each);
        }
      }
    }
    if (!wrong.isEmpty()) {
      throw CliException.failed(
          wrong.stream().map(each -> each.folder().toString()).collect(Collectors.joining(", "))
              + " cannot be used as it is: import or pull it again with --replace, or take it"
              + " away; what ships with Latentline is made by mvn -Dquick package");
    }
    return 0;
  }

  private static List<Installed> all(List<Path> catalogues) {
    try {
      return Installed.in(catalogues);
    } catch (InvalidCatalogueException e) {
      throw CliException.failed(
          e.getMessage() + ": run mvn -Dquick package, or set LATENTLINE_MODELS");
    }
  }

  private List<Installed> chosen(List<Installed> all) {
    for (String name : names) {
      if (all.stream().noneMatch(each -> each.isCalled(name))) {
        throw CliException.usage(
            name
                + " is not installed here, or not with that digest; there is "
                + all.stream().map(Installed::place).toList());
      }
    }
    return all.stream()
        .filter(each -> names.isEmpty() || names.stream().anyMatch(each::isCalled))
        .toList();
  }
}
