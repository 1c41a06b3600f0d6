package dev.latentline.local.command;

import dev.latentline.embedded.Checkout;
import dev.latentline.local.stack.EmbeddedStack;
import dev.latentline.local.stack.StackPorts;
import dev.latentline.local.stack.StateFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** What the commands that may start a stack have in common. */
final class StackOptions {
  @Option(
      names = "--port",
      paramLabel = "NAME=N",
      description =
          "Port of a part of the stack on this machine; repeatable. NAME: gateway, prompt, encoder,"
              + " denoiser, decoder, store, broker, controller. 0 picks a free port.")
  List<String> ports = new ArrayList<>();

  StackPorts ports() {
    return StackPorts.of(System.getenv("LATENTLINE_PORTS"), ports);
  }

  static StateFolder state() {
    return StateFolder.current(Checkout.current());
  }

  /** The folders with the models of this machine. */
  static List<Path> models() {
    return EmbeddedStack.models(Checkout.current(), state());
  }

  EmbeddedStack stack(StackPorts chosen, Consumer<String> notes) {
    return new EmbeddedStack(Checkout.current(), state(), chosen, notes);
  }
}
