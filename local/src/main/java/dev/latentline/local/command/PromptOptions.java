package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Emphasis;
import dev.latentline.contract.Limits;
import dev.latentline.contract.PromptSyntax;
import dev.latentline.local.CliException;
import java.util.List;
import picocli.CommandLine.Option;

/** How prompts are read; what is left out is as the model's users write them. */
final class PromptOptions {
  @Option(
      names = "--prompt-syntax",
      paramLabel = "NAME",
      description = "How prompts are read: plain, a1111 or midjourney.")
  private String syntax;

  @Option(
      names = "--emphasis",
      paramLabel = "NAME",
      description = "What weights do: original, no_norm, ignore or none.")
  private String emphasis;

  @Option(
      names = "--clip-skip",
      paramLabel = "N",
      description = "2 uses the text encoder's layer before the last, and so on.")
  private Integer clipSkip;

  @Option(
      names = "--style",
      paramLabel = "NAME",
      description = "A style of the installation around the prompts; repeatable.")
  private List<String> styles = List.of();

  @Option(
      names = "--dynamic-prompts",
      description = "{a|b} and __wildcards__ in the prompts are choices, by the seed.")
  private boolean dynamic;

  /** What a gateway would refuse whatever its models are. */
  void check() {
    oneOf("--prompt-syntax", syntax, PromptSyntax.ids());
    oneOf("--emphasis", emphasis, Emphasis.ids());
    if (clipSkip != null && (clipSkip < 1 || clipSkip > Limits.MAX_CLIP_SKIP)) {
      throw CliException.usage(
          "--clip-skip " + clipSkip + ": give a number from 1 to " + Limits.MAX_CLIP_SKIP);
    }
  }

  void addTo(ObjectNode body) {
    if (!styles.isEmpty()) {
      styles.forEach(body.putArray("styles")::add);
    }
    if (dynamic) {
      body.put("dynamic_prompts", true);
    }
    if (syntax != null) {
      body.put("prompt_syntax", syntax);
    }
    if (emphasis != null) {
      body.put("emphasis", emphasis);
    }
    if (clipSkip != null) {
      body.put("clip_skip", clipSkip);
    }
  }

  private static void oneOf(String name, String value, List<String> allowed) {
    if (value != null && !allowed.contains(value)) {
      throw CliException.usage(
          name + " " + value + ": choose one of " + String.join(", ", allowed));
    }
  }
}
