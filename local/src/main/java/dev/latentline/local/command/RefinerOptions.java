package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.local.CliException;
import picocli.CommandLine.Option;

/** What makes the last steps of the pictures. */
final class RefinerOptions {
  @Option(
      names = "--refiner",
      paramLabel = "NAME",
      description = "A refiner that makes the last steps; see latentline models list.")
  private String refiner;

  @Option(
      names = "--refiner-start",
      paramLabel = "X",
      description = "Where it takes over, from noise at 0 to the picture at 1 (default: 0.8).")
  private Double start;

  void check() {
    if (start == null) {
      return;
    }
    if (refiner == null) {
      throw CliException.usage("--refiner-start: name a refiner too, or leave it out");
    }
    if (!(start >= 0 && start <= Limits.MAX_PART)) {
      throw CliException.usage(
          String.format(
              "--refiner-start %s: give a number from 0 to %.0f", start, Limits.MAX_PART));
    }
  }

  void addTo(ObjectNode body) {
    if (refiner != null) {
      body.put("refiner", refiner);
    }
    if (start != null) {
      body.put("refiner_start", start);
    }
  }
}
