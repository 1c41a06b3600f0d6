package dev.latentline.testkit;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Holds what a service says of itself against the contract. A service is one sentence, "Consumes X,
 * produces Y, owns Z": X and Y are the work queues that {@link Topic} says that its stage reads and
 * writes, and where there is none, the facts. The description in its pom is that sentence; its
 * README and its root package begin with it.
 */
public final class ServiceSentence {
  private static final Pattern SENTENCE =
      Pattern.compile("Consumes (.+?), produces (.+?), owns .+");
  private static final Pattern TOPIC_NAME = Pattern.compile("[a-z]+(?:\\.(?:[a-z]+|\\{[a-z]+}))+");
  private static final Pattern DESCRIPTION =
      Pattern.compile("<description>(.*?)</description>", Pattern.DOTALL);
  private static final Pattern JAVADOC = Pattern.compile("/\\*\\*(.*?)\\*/", Pattern.DOTALL);
  private static final Pattern FIRST_PARAGRAPH =
      Pattern.compile("\\A#[^\\n]*\\n+(.*?)(?:\\n\\s*\\n|\\z)", Pattern.DOTALL);

  private final Stage stage;
  private final String description;
  private final Map<String, String> others;

  private ServiceSentence(Stage stage, String description, Map<String, String> others) {
    this.stage = stage;
    this.description = description;
    this.others = others;
  }

  /**
   * Of the texts of the three files.
   *
   * @param packageInfo that of the root package
   */
  public static ServiceSentence of(Stage stage, String pom, String readme, String packageInfo) {
    Map<String, String> others = new LinkedHashMap<>();
    others.put("README.md", plain(first(FIRST_PARAGRAPH, readme)).replace("`", ""));
    others.put(
        "package-info.java", plain(first(JAVADOC, packageInfo).replaceAll("(?m)^\\s*\\*", "")));
    return new ServiceSentence(stage, plain(first(DESCRIPTION, pom)), others);
  }

  /** Of a service's module, as {@code Path.of("")} where its tests run. */
  public static ServiceSentence of(Stage stage, Path module) {
    return of(
        stage,
        read(module.resolve("pom.xml")),
        read(module.resolve("README.md")),
        read(
            module
                .resolve("src/main/java/dev/latentline")
                .resolve(stage.id())
                .resolve("package-info.java")));
  }

  /**
   * @throws AssertionError naming each file that says something else, and what it should name
   */
  public void check() {
    StringBuilder wrong = new StringBuilder();
    Matcher sentence = SENTENCE.matcher(description);
    if (sentence.matches()) {
      compare("consumes", named(sentence.group(1)), queues(true), wrong);
      compare("produces", named(sentence.group(2)), queues(false), wrong);
    } else {
      wrong.append("\n  pom.xml does not say \"Consumes X, produces Y, owns Z\": ");
      wrong.append(description);
    }
    others.forEach(
        (file, text) -> {
          if (!text.startsWith(description)) {
            wrong.append("\n  ").append(file).append(" does not begin with the pom's description:");
            wrong.append("\n    ").append(description).append("\n    ").append(text);
          }
        });
    if (!wrong.isEmpty()) {
      throw new AssertionError("the sentence of " + stage.id() + " is not right:" + wrong);
    }
  }

  private static void compare(
      String verb, Set<String> named, Set<String> wanted, StringBuilder wrong) {
    if (!named.equals(wanted)) {
      wrong.append("\n  it ").append(verb).append(' ').append(wanted);
      wrong.append(", and pom.xml says ").append(named);
    }
  }

  private Set<String> queues(boolean read) {
    Set<String> names = new TreeSet<>();
    for (Topic topic : Topic.values()) {
      Set<Stage> stages = read ? topic.readers() : topic.writers();
      if (topic.kind() == Topic.Kind.QUEUE && stages.contains(stage)) {
        names.add(topic.isFamily() ? topic.topicName("{pool}") : topic.topicName());
      }
    }
    return names.isEmpty() ? Set.of(Topic.GENERATION_EVENT.topicName()) : names;
  }

  private static Set<String> named(String clause) {
    Set<String> names = new TreeSet<>();
    TOPIC_NAME.matcher(clause).results().forEach(found -> names.add(found.group()));
    return names;
  }

  private static String first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(1) : "";
  }

  private static String plain(String text) {
    return text.replaceAll("\\s+", " ").trim();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
