package dev.latentline.local.command;

import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.local.CliException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a model of the stack on this machine from a checkpoint, or what changes it from a file. */
@Command(
    name = "import",
    description =
        "Import a checkpoint of Stable Diffusion (1.x, 2.x, XL base and refiner, 3) or FLUX.1, a LoRA,"
            + " ControlNet or textual inversion for such, or an upscaler of ESRGAN's class, for the"
            + " stack on this machine.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A .safetensors file, or a folder that diffusers or an export to ONNX wrote.")
  private Path checkpoint;

  @Mixin private ImportOptions options = new ImportOptions();

  @Option(
      names = "--sha256",
      paramLabel = "HEX",
      description = "What the file's SHA-256 must be, as where it came from says.")
  private String sha256;

  @Override
  public Integer call() {
    options.check();
    options.run(
        checkpoint,
        Optional.ofNullable(sha256).map(ImportCommand::digest),
        CheckpointImport.suggestedName(checkpoint),
        Optional.empty());
    return 0;
  }

  private static String digest(String text) {
    String digest = text.toLowerCase(Locale.ROOT);
    if (!digest.matches("[0-9a-f]{64}")) {
      throw CliException.usage("--sha256 must be 64 digits of hex");
    }
    return digest;
  }
}
