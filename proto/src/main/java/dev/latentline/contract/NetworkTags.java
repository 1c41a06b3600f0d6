package dev.latentline.prompt.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code <lora:name:0.8>} and its like, which name further weights and are no text of a prompt. */
public final class NetworkTags {
  private static final Pattern TAG = Pattern.compile("<(lora|lyco|hypernet):([^<>:]+)(:[^<>]*)?>");

  private NetworkTags() {}

  /**
   * One of them.
   *
   * @param kind lora, lyco or hypernet
   * @param arguments what stands behind the name, as it is written; empty where nothing does
   */
  public record Tag(String kind, String name, String arguments) {}

  /** In their order. */
  public static List<Tag> of(String prompt) {
    List<Tag> tags = new ArrayList<>();
    Matcher tag = TAG.matcher(prompt);
    while (tag.find()) {
      String arguments = tag.group(3) == null ? "" : tag.group(3).substring(1);
      tags.add(new Tag(tag.group(1), tag.group(2), arguments));
    }
    return tags;
  }

  /** What is left of a prompt without them. */
  public static String without(String prompt) {
    return TAG.matcher(prompt).replaceAll("");
  }
}
