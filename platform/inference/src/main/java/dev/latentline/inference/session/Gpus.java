package dev.latentline.inference.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The machine's GPUs, as NVIDIA's driver tells without CUDA. */
final class Gpus {
  private static final Path DRIVER = Path.of("/proc/driver/nvidia/gpus");
  private static final List<String> SMI =
      List.of("nvidia-smi", "--query-gpu=pci.bus_id,uuid,name", "--format=csv,noheader");
  private static final int SMI_SECONDS = 20;

  private Gpus() {}

  /**
   * @param bus where it is plugged in; nvidia-smi numbers the GPUs in its order
   * @param model such as NVIDIA H100 80GB HBM3
   */
  record Gpu(String bus, String uuid, String model) {}

  /**
   * The model of a GPU.
   *
   * @param index as CUDA counts
   * @throws DeviceUnavailableException when nothing tells
   */
  static String model(int index) {
    List<Gpu> gpus = fromDriver(DRIVER);
    return model(index, gpus.isEmpty() ? fromSmi(smi()) : gpus, System.getenv());
  }

  /**
   * Where the GPUs are of one model, that one. Otherwise CUDA's own order, fastest first, is not
   * known here: the environment must say CUDA_DEVICE_ORDER=PCI_BUS_ID.
   */
  static String model(int index, List<Gpu> gpus, Map<String, String> environment) {
    List<String> models = gpus.stream().map(Gpu::model).distinct().toList();
    if (models.size() == 1) {
      return models.get(0);
    }
    if (models.isEmpty()) {
      throw new DeviceUnavailableException(
          "which model of GPU cuda:"
              + index
              + " is cannot be told: "
              + DRIVER
              + " is empty and nvidia-smi does not run");
    }
    if (!"PCI_BUS_ID".equals(environment.get("CUDA_DEVICE_ORDER"))) {
      throw new DeviceUnavailableException(
          "this machine has different GPUs, "
              + models
              + ": start the service with CUDA_DEVICE_ORDER=PCI_BUS_ID, so that cuda:"
              + index
              + " is what nvidia-smi calls "
              + index);
    }
    List<Gpu> visible = visible(gpus, environment.get("CUDA_VISIBLE_DEVICES"));
    if (index >= visible.size()) {
      throw new DeviceUnavailableException(
          "there is no GPU cuda:" + index + ", only " + visible.size() + " are visible");
    }
    return visible.get(index).model();
  }

  /** CUDA_VISIBLE_DEVICES names numbers or beginnings of UUIDs, and ends at the first unknown. */
  private static List<Gpu> visible(List<Gpu> gpus, String names) {
    List<Gpu> ordered = gpus.stream().sorted(Comparator.comparing(Gpu::bus)).toList();
    if (names == null) {
      return ordered;
    }
    List<Gpu> visible = new ArrayList<>();
    for (String name : names.split(",")) {
      String wanted = name.strip();
      Gpu found =
          wanted.matches("\\d{1,3}")
              ? ordered.stream().skip(Integer.parseInt(wanted)).findFirst().orElse(null)
              : ordered.stream()
                  .filter(gpu -> gpu.uuid().startsWith(wanted))
                  .findFirst()
                  .orElse(null);
      if (found == null || wanted.isEmpty()) {
        break;
      }
      visible.add(found);
    }
    return visible;
  }

  /**
   * @param folder with a folder for each GPU, in it a file of lines such as "Model: NVIDIA A10"
   */
  static List<Gpu> fromDriver(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<Gpu> gpus = new ArrayList<>();
      for (Path entry : entries.sorted().toList()) {
        Map<String, String> fields = new HashMap<>();
        for (String line : Files.readAllLines(entry.resolve("information"))) {
          int colon = line.indexOf(':');
          if (colon > 0) {
            fields.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
          }
        }
        gpus.add(
            new Gpu(
                fields.getOrDefault("Bus Location", entry.getFileName().toString()),
                fields.getOrDefault("GPU UUID", ""),
                fields.getOrDefault("Model", "unknown")));
      }
      return gpus;
    } catch (IOException e) {
      return List.of();
    }
  }

  /**
   * @param lines bus, UUID and name, separated by commas
   */
  static List<Gpu> fromSmi(List<String> lines) {
    return lines.stream()
        .map(line -> line.split(",", 3))
        .filter(fields -> fields.length == 3)
        .map(fields -> new Gpu(fields[0].strip(), fields[1].strip(), fields[2].strip()))
        .toList();
  }

  private static List<String> smi() {
    try {
      Process process = new ProcessBuilder(SMI).redirectErrorStream(true).start();
      process.getOutputStream().close();
      // a few lines: they fit into the pipe
      if (!process.waitFor(SMI_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return List.of();
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.exitValue() == 0 ? Arrays.asList(output.split("\n")) : List.of();
    } catch (IOException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
