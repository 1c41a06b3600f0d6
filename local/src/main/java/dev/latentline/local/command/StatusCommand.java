package dev.latentline.local.command;

import dev.latentline.embedded.KafkaBroker;
import dev.latentline.embedded.S3Store;
import dev.latentline.local.CliException;
import dev.latentline.local.stack.Health;
import dev.latentline.local.stack.Role;
import dev.latentline.local.stack.StackRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Shows each process of the stack; exit code 0 when all of them are well. */
@Command(
    name = "status",
    description = "Show the processes of the stack: port, pid, memory, health.",
    mixinStandardHelpOptions = true)
public final class StatusCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    StackRecord running =
        StackRecord.running(StackOptions.state())
            .orElseThrow(
                () ->
                    CliException.failed(
                        "no stack runs with the state in "
                            + StackOptions.state().path()
                            + ": start one with latentline up"));
    System.out.printf("%-10s %6s %8s %8s  %s%n", "NAME", "PORT", "PID", "RSS_MB", "HEALTH");
    boolean well = !running.parts().isEmpty();
    for (StackRecord.Part part : running.parts()) {
      String health = part.process().isPresent() ? health(part) : "not running";
      well &= health.equals("ready");
      System.out.printf(
          "%-10s %6d %8d %8s  %s%n", part.name(), part.port(), part.pid(), rss(part.pid()), health);
    }
    return well ? 0 : CliException.FAILED;
  }

  private static String health(StackRecord.Part part) {
    Role role = Role.byId(part.name()).orElseThrow();
    return switch (role) {
      case BROKER -> KafkaBroker.serves(part.port()) ? "ready" : "no answer";
      case STORE -> S3Store.serves(part.port()) ? "ready" : "no answer";
      default -> Health.describe(part.port());
    };
  }

  /** In MB; Linux only. */
  private static String rss(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.toString(Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024);
        }
      }
    } catch (IOException e) {
      // another system, or the process has just ended
    }
    return "-";
  }
}
