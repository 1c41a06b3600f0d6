package dev.latentline.local;

import dev.latentline.embedded.ChildFailedException;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.local.command.DownCommand;
import dev.latentline.local.command.GenerateCommand;
import dev.latentline.local.command.ModelsCommand;
import dev.latentline.local.command.StatusCommand;
import dev.latentline.local.command.UpCommand;
import dev.latentline.local.command.VerifyCommand;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code latentline}: exit code 0 done, 1 failed, 2 wrong usage; errors are on stderr. */
@Command(
    name = "latentline",
    description = "Pictures from prompts, on this machine or on a server.",
    subcommands = {
      GenerateCommand.class,
      UpCommand.class,
      DownCommand.class,
      StatusCommand.class,
      ModelsCommand.class,
      VerifyCommand.class
    },
    mixinStandardHelpOptions = true,
    version = "latentline 0.1.0",
    footer = {
      "",
      "Environment:",
      "  LATENTLINE_URL     the gateway to use instead of one on this machine",
      "  LATENTLINE_API_KEY the key of a gateway that asks for one",
      "  LATENTLINE_STATE   where the stack keeps data and logs (default: .latentline in the checkout)",
      "  LATENTLINE_PORTS   ports of the stack, as gateway=9080,broker=9092",
      "  LATENTLINE_MODELS  the catalogue of models (default: the one that is built)",
      "  LATENTLINE_WILDCARDS  the folder of wildcards (default: wildcards in the state folder)",
      "  LATENTLINE_STYLES  the file of styles (default: styles.csv in the state folder)",
      "  HF_ENDPOINT        the hub of models pull (default: https://huggingface.co)",
      "  HF_TOKEN           a token of that hub, for models that are not for everybody"
    })
public final class Main implements Runnable {
  public static void main(String[] args) {
    ChildProcess.exit(run(args));
  }

  /** Runs a command and returns its exit code. */
  public static int run(String... args) {
    CommandLine line =
        new CommandLine(new Main())
            .setExecutionExceptionHandler((e, command, parsed) -> report(e, command))
            .setParameterExceptionHandler(
                (e, given) -> {
                  CommandLine command = e.getCommandLine();
                  complain(
                      command,
                      e.getMessage()
                          + "; see "
                          + command.getCommandSpec().qualifiedName()
                          + " --help");
                  return CliException.USAGE;
                });
    return line.execute(args);
  }

  @Override
  public void run() {
    throw CliException.usage(
        "name a command: generate, verify, up, down, status or models; see latentline --help");
  }

  private static int report(Exception problem, CommandLine command) {
    if (ChildProcess.isShuttingDown()) {
      // it follows from the signal, whose status is the exit code
      return CliException.FAILED;
    }
    if (problem instanceof CliException known) {
      complain(command, known.getMessage());
      return known.exitCode();
    }
    if (problem instanceof ChildFailedException child) {
      complain(command, child.getMessage());
      return CliException.FAILED;
    }
    complain(command, "this should not have happened: " + problem);
    problem.printStackTrace(command.getErr());
    return CliException.FAILED;
  }

  private static void complain(CommandLine command, String message) {
    PrintWriter err = command.getErr();
    err.println("latentline: " + message);
    err.flush();
  }
}
