package dev.latentline.local.command;

import dev.latentline.local.CliException;
import dev.latentline.local.stack.EmbeddedStack;
import dev.latentline.local.stack.Role;
import dev.latentline.local.stack.StackPorts;
import dev.latentline.local.stack.StackRecord;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the stack in the foreground until Ctrl-C, SIGTERM or {@code latentline down}. */
@Command(
    name = "up",
    description = "Run broker, store and the five services on this machine until Ctrl-C.",
    mixinStandardHelpOptions = true)
public final class UpCommand implements Callable<Integer> {
  @Mixin private StackOptions options = new StackOptions();

  @Override
  public Integer call() {
    StackPorts ports = options.ports();
    EmbeddedStack stack = options.stack(ports, line -> System.err.println(line));
    if (!stack.lock()) {
      throw CliException.failed(
          "a stack runs already"
              + StackRecord.running(StackOptions.state())
                  .map(record -> " (process " + record.pid() + ")")
                  .orElse("")
              + ": use it, end it with latentline down, or set LATENTLINE_STATE to another folder");
    }
    long begun = System.nanoTime();
    System.err.println("starting broker, store and services");
    stack.start(false);
    System.err.printf("ready after %.1f s%n", (System.nanoTime() - begun) / 1e9);
    for (Role role : Role.values()) {
      System.err.printf("  %-11s 127.0.0.1:%d%n", role.id(), ports.of(role));
    }
    System.err.println("  data, logs  " + StackOptions.state().path());
    System.err.println("API: " + stack.url() + "/v1/models; Ctrl-C ends all of it");
    stack.awaitStop();
    return 0;
  }
}
