package dev.latentline.local.command;

import dev.latentline.contract.Limits;
import dev.latentline.embedded.Checkout;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.checkpoint.Prediction;
import dev.latentline.inference.checkpoint.RefusedCheckpointException;
import dev.latentline.local.CliException;
import dev.latentline.local.stack.StackRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a model or a LoRA that comes from a file is to be. */
final class ImportOptions {
  @Option(
      names = "--name",
      description =
          "The name of the model, LoRA, ControlNet, textual inversion or upscaler; without it that of"
              + " the file.")
  private String name;

  @Option(
      names = "--vae",
      paramLabel = "FILE",
      description = "A .safetensors file with the autoencoder to use.")
  private Path vae;

  @Option(
      names = "--licence",
      paramLabel = "SPDX",
      description = "The licence, such as CreativeML-OpenRAIL-M.")
  private String licence;

  @Option(
      names = "--prediction",
      paramLabel = "WHAT",
      description = "epsilon, v_prediction or sample, where the file does not say.")
  private String prediction;

  @Option(
      names = "--templates",
      paramLabel = "DIR",
      description = "Graph templates beside the shipped ones, made by models/export.")
  private Path templates;

  @Option(names = "--replace", description = "Replace what has that name.")
  private boolean replace;

  @Mixin private DefaultsOptions defaults = new DefaultsOptions();

  /** What is wrong with them whatever the checkpoint is. */
  void check() {
    defaults.ordered();
    if (prediction != null) {
      prediction(prediction);
    }
    if (name != null && !name.matches(Limits.NAME_PATTERN)) {
      throw CliException.usage("--name must be " + Limits.NAME_PATTERN + ", not " + name);
    }
    if (vae != null && !Files.isRegularFile(vae)) {
      throw CliException.usage("--vae: there is no file " + vae);
    }
  }

  /**
   * What is wrong with the name before something is fetched.
   *
   * @param suggested the name where none was given
   * @param isModel whether it must be one: a file may as well be a LoRA, whose name is its own
   */
  void requireFree(String suggested, boolean isModel) {
    String chosen = chosen(suggested);
    requireUnshipped(chosen);
    if (isModel && !replace && Files.exists(StackOptions.state().models().resolve(chosen))) {
      throw CliException.failed(
          "there is a model " + chosen + " already: choose another --name, or --replace it");
    }
  }

  private String chosen(String suggested) {
    String chosen = name == null ? suggested : name;
    try {
      CheckpointImport.requireName(chosen);
    } catch (RefusedCheckpointException e) {
      throw CliException.failed(e.getMessage());
    }
    return chosen;
  }

  /**
   * A stack does not start when two folders have one of a name, or a model has that of an alias.
   */
  private static void requireUnshipped(String chosen) {
    Path own = StackOptions.state().models();
    if (Catalogue.aliasesIn(StackOptions.models()).contains(chosen)) {
      throw CliException.failed(
          "aliases.yaml has " + chosen + " as another name of a model: choose another --name");
    }
    for (Path folder : StackOptions.models()) {
      boolean has =
          Stream.of(
                  "",
                  Catalogue.UPSCALERS,
                  Catalogue.CONTROLNETS,
                  Catalogue.LORAS,
                  Catalogue.TEXTUAL_INVERSIONS)
              .anyMatch(group -> Files.isDirectory(folder.resolve(group).resolve(chosen)));
      if (!folder.equals(own) && has) {
        throw CliException.failed(
            folder + " has one of the name " + chosen + ": choose another --name");
      }
    }
  }

  /**
   * Imports a checkpoint for the stack on this machine, and prints the model's folder.
   *
   * @param sha256 what its file must have
   * @param suggested the name where none was given
   * @param told the licence where none was given
   * @throws CliException when it cannot be used
   */
  void run(Path checkpoint, Optional<String> sha256, String suggested, Optional<String> told) {
    requireUnshipped(chosen(suggested));
    ImportOrder order = order(checkpoint, sha256, suggested, told);
    try {
      Path model =
          CheckpointImport.run(
              order, defaults.ordered(), line -> System.err.println("latentline: " + line));
      System.out.println(model);
    } catch (RefusedCheckpointException e) {
      throw CliException.failed(e.getMessage());
    } catch (IOException e) {
      throw CliException.failed("the checkpoint cannot be imported: " + e);
    }
    if (StackRecord.running(StackOptions.state()).isPresent()) {
      System.err.println(
          "latentline: the stack that runs does not know it: latentline down, then up again");
    }
  }

  private ImportOrder order(
      Path checkpoint, Optional<String> sha256, String suggested, Optional<String> told) {
    List<Path> folders = new ArrayList<>(List.of(Checkout.current().graphTemplates()));
    if (templates != null) {
      folders.add(templates);
    }
    return new ImportOrder(
        checkpoint,
        Optional.ofNullable(vae),
        sha256,
        chosen(suggested),
        Optional.ofNullable(licence).or(() -> told),
        Optional.ofNullable(prediction).map(ImportOptions::prediction),
        folders,
        StackOptions.state().models(),
        replace);
  }

  private static Prediction prediction(String text) {
    return Arrays.stream(Prediction.values())
        .filter(known -> known != Prediction.FLOW && known.id().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                CliException.usage(
                    "--prediction must be epsilon, v_prediction or sample, not " + text));
  }
}
