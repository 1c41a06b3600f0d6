package dev.latentline.local.command;

import dev.latentline.embedded.Checkout;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.checkpoint.Prediction;
import dev.latentline.inference.checkpoint.RefusedCheckpointException;
import dev.latentline.local.CliException;
import dev.latentline.local.stack.StackRecord;
import dev.latentline.local.stack.StateFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a model of the stack on this machine from a checkpoint, or a LoRA of it from a LoRA. */
@Command(
    name = "import",
    description =
        "Import a Stable Diffusion checkpoint (1.x, 2.x, XL base), or a LoRA for such, for the stack"
            + " on this machine.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A .safetensors file, or a folder that diffusers wrote.")
  private Path checkpoint;

  @Option(
      names = "--name",
      description = "The name of the model or LoRA; without it that of the file.")
  private String name;

  @Option(
      names = "--vae",
      paramLabel = "FILE",
      description = "A .safetensors file with the autoencoder to use.")
  private Path vae;

  @Option(
      names = "--sha256",
      paramLabel = "HEX",
      description = "What the file's SHA-256 must be, as where it came from says.")
  private String sha256;

  @Option(
      names = "--licence",
      paramLabel = "SPDX",
      description = "The model's licence, such as CreativeML-OpenRAIL-M.")
  private String licence;

  @Option(
      names = "--prediction",
      paramLabel = "WHAT",
      description = "epsilon or v_prediction, where the file does not say.")
  private String prediction;

  @Option(
      names = "--templates",
      paramLabel = "DIR",
      description = "Graph templates beside the shipped ones, made by models/export.")
  private Path templates;

  @Option(names = "--replace", description = "Replace a model or LoRA of that name.")
  private boolean replace;

  @Override
  public Integer call() {
    ImportOrder order = order();
    try {
      Path model = CheckpointImport.run(order, line -> System.err.println("latentline: " + line));
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
    return 0;
  }

  private ImportOrder order() {
    Checkout checkout = Checkout.current();
    StateFolder state = StackOptions.state();
    String chosen = name == null ? CheckpointImport.suggestedName(checkpoint) : name;
    List<Path> folders = new ArrayList<>(List.of(checkout.graphTemplates()));
    if (templates != null) {
      folders.add(templates);
    }
    return new ImportOrder(
        checkpoint,
        Optional.ofNullable(vae),
        Optional.ofNullable(sha256).map(ImportCommand::digest),
        chosen,
        Optional.ofNullable(licence),
        Optional.ofNullable(prediction).map(ImportCommand::prediction),
        folders,
        state.models(),
        replace);
  }

  private static String digest(String text) {
    String digest = text.toLowerCase(Locale.ROOT);
    if (!digest.matches("[0-9a-f]{64}")) {
      throw CliException.usage("--sha256 must be 64 digits of hex");
    }
    return digest;
  }

  private static Prediction prediction(String text) {
    return Arrays.stream(Prediction.values())
        .filter(known -> known.id().equals(text))
        .findFirst()
        .orElseThrow(
            () -> CliException.usage("--prediction must be epsilon or v_prediction, not " + text));
  }
}
