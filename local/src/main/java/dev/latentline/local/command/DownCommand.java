package dev.latentline.local.command;

import dev.latentline.local.CliException;
import dev.latentline.local.stack.StackRecord;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;

/** Ends the stack that another shell runs. */
@Command(
    name = "down",
    description = "End the stack that runs on this machine.",
    mixinStandardHelpOptions = true)
public final class DownCommand implements Callable<Integer> {
  /** What the stack gives its services, and then broker and store, to end and write archives. */
  private static final long SECONDS = 90;

  @Override
  public Integer call() throws InterruptedException {
    Optional<ProcessHandle> supervisor =
        StackRecord.running(StackOptions.state()).flatMap(StackRecord::supervisor);
    if (supervisor.isEmpty()) {
      System.err.println("no stack runs with the state in " + StackOptions.state().path());
      return 0;
    }
    supervisor.get().destroy();
    try {
      supervisor.get().onExit().get(SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      // its children end when it does
      supervisor.get().destroyForcibly();
      StackRecord.awaitLeftOvers(StackOptions.state(), System.err::println);
    } catch (ExecutionException e) {
      throw CliException.failed("cannot wait for process " + supervisor.get().pid());
    }
    System.err.println("the stack has ended");
    return 0;
  }
}
