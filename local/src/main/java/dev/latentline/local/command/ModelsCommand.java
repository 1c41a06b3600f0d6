package dev.latentline.local.command;

import dev.latentline.local.CliException;
import dev.latentline.local.client.GatewayClient;
import dev.latentline.local.client.GatewayException;
import dev.latentline.local.client.Model;
import dev.latentline.local.client.Upscaler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** What is known of the models. */
@Command(
    name = "models",
    description = "Models.",
    subcommands = {
      ModelsCommand.ListModels.class,
      VerifyModelsCommand.class,
      ImportCommand.class,
      PullCommand.class
    },
    mixinStandardHelpOptions = true)
public final class ModelsCommand implements Runnable {
  @Override
  public void run() {
    throw CliException.usage(
        "name what to do: latentline models list, latentline models verify, latentline models import"
            + " FILE, latentline models pull OWNER/NAME");
  }

  /** The models on offer, and what can change them. */
  @Command(
      name = "list",
      description =
          "List the models that the gateway offers, their LoRAs, refiners, ControlNets and textual"
              + " inversions, and upscalers; without a gateway, those on this machine.",
      mixinStandardHelpOptions = true)
  static final class ListModels implements Callable<Integer> {
    @Override
    public Integer call() {
      List<Model> models = models();
      System.out.printf(
          "%-20s %-20s %-10s %6s  %s%n", "NAME", "FAMILY", "SIZE", "STEPS", "LICENCE");
      for (Model model : models) {
        System.out.printf(
            "%-20s %-20s %-10s %6d  %s%n",
            model.id(),
            model.family(),
            model.width() + "x" + model.height(),
            model.steps(),
            model.licence());
      }
      printNames("OTHER NAME", models, Model::aliases);
      printNames("LORA", models, Model::loras);
      printNames("REFINER", models, Model::refiners);
      printNames("CONTROLNET", models, Model::controlNets);
      printNames("TEXTUAL INVERSION", models, Model::textualInversions);
      print(upscalers());
      return 0;
    }

    private static void print(List<Upscaler> upscalers) {
      if (upscalers.isEmpty()) {
        return;
      }
      System.out.printf("%n%-20s %-20s %s%n", "UPSCALER", "UPSCALE", "LICENCE");
      for (Upscaler upscaler : upscalers) {
        String factors =
            upscaler.factors().stream().map(String::valueOf).collect(Collectors.joining(", "));
        System.out.printf("%-20s %-20s %s%n", upscaler.id(), factors, upscaler.licence());
      }
    }

    private static void printNames(
        String kind, List<Model> models, Function<Model, List<String>> namesOf) {
      SortedMap<String, List<String>> modelsOf = new TreeMap<>();
      for (Model model : models) {
        for (String name : namesOf.apply(model)) {
          modelsOf.computeIfAbsent(name, absent -> new ArrayList<>()).add(model.id());
        }
      }
      if (!modelsOf.isEmpty()) {
        System.out.printf("%n%-20s %s%n", kind, "MODELS");
        modelsOf.forEach(
            (name, names) -> System.out.printf("%-20s %s%n", name, String.join(", ", names)));
      }
    }

    private List<Model> models() {
      return told(GatewayClient::models, LocalModels::in);
    }

    private List<Upscaler> upscalers() {
      return told(GatewayClient::upscalers, LocalModels::upscalersIn);
    }

    private <T> T told(Asked<T> asked, Function<List<Path>, T> read) {
      Optional<GatewayClient> gateway = StackAccess.ready();
      if (gateway.isEmpty()) {
        return read.apply(StackOptions.models());
      }
      try {
        return asked.of(gateway.get());
      } catch (GatewayException e) {
        throw CliException.failed(e.with("see latentline status, then try again"));
      }
    }

    /** What a gateway is asked for. */
    @FunctionalInterface
    private interface Asked<T> {
      T of(GatewayClient gateway) throws GatewayException;
    }
  }
}
