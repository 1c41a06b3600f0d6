package dev.latentline.local.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Limits;
import dev.latentline.local.CliException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The pictures that say what is to be seen. */
final class ImagePromptOptions {
  private static final Pattern PICTURE = Pattern.compile(PictureFile.PATTERN);

  @Option(
      names = "--image-prompt",
      paramLabel = "FILE[:WEIGHT]",
      description =
          "A picture that says what they show, beside the prompt or in its place, and how much it"
              + " counts (default: 1, as the prompt); up to four.")
  private List<String> pictures = new ArrayList<>();

  /** Whether there is one that counts, so that there need not be a prompt. */
  boolean say() {
    return parsed().stream().anyMatch(picture -> picture.weight().orElse(1f) > 0);
  }

  /** What a gateway would refuse whatever its models are. */
  void check() {
    if (pictures.size() > Limits.MAX_IMAGE_PROMPTS) {
      throw CliException.usage("--image-prompt: name at most " + Limits.MAX_IMAGE_PROMPTS);
    }
    parsed().forEach(PictureFile::check);
  }

  /**
   * @param upload sends a file, and has the id that it has then
   */
  void addTo(ObjectNode body, Function<Path, String> upload) {
    if (!pictures.isEmpty()) {
      ArrayNode array = body.putArray("image_prompts");
      parsed().forEach(picture -> picture.addTo(array.addObject(), upload));
    }
  }

  private List<PictureFile> parsed() {
    return pictures.stream().map(ImagePromptOptions::parsed).toList();
  }

  private static PictureFile parsed(String text) {
    Matcher matcher = PICTURE.matcher(text);
    String option = "--image-prompt " + text;
    if (!matcher.matches()) {
      throw CliException.usage(option + ": write FILE or FILE:WEIGHT, as apple.png:0.5");
    }
    return PictureFile.of(
        option, matcher.group(1), matcher.group(2), Limits.MAX_IMAGE_PROMPT_WEIGHT);
  }
}
