package dev.latentline.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code <lora:name:0.8>} and its like, which name further weights and are no text of a prompt
 * where it is read as {@link PromptSyntax#A1111} says.
 */
public final class NetworkTags {
  private static final Pattern TAG = Pattern.compile("<(lora|lyco|hypernet):([^<>:]+)(:[^<>]*)?>");

  private NetworkTags() {}

  /**
   * One of them.
   *
   * @param kind lora, lyco or hypernet
   * @param arguments what stands behind the name, between colons
   */
  public record Tag(String kind, String name, List<String> arguments) {
    public Tag {
      arguments = List.copyOf(arguments);
    }
  }

  /** In their order. */
  public static List<Tag> of(String prompt) {
    List<Tag> tags = new ArrayList<>();
    Matcher tag = TAG.matcher(prompt);
    while (tag.find()) {
      String behind = tag.group(3);
      tags.add(
          new Tag(
              tag.group(1),
              tag.group(2),
              behind == null ? List.of() : List.of(behind.substring(1).split(":", -1))));
    }
    return tags;
  }

  /** What is left of a prompt without them. */
  public static String without(String prompt) {
    return TAG.matcher(prompt).replaceAll("");
  }
}
