package dev.latentline.local.deploy;

import dev.latentline.contract.Topic;
import dev.latentline.embedded.Checkout;
import dev.latentline.local.stack.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What deploys the services, as text, and what it must agree with. */
final class Deployed {
  static final Path CHECKOUT = Checkout.current().root();

  /** The five services' modules. */
  static final Set<String> MODULES =
      Role.services().stream().map(Role::module).collect(Collectors.toCollection(TreeSet::new));

  /** Read by the JVM and by native libraries, or by nobody but people. */
  private static final Set<String> NOT_SETTINGS =
      Set.of("JAVA_TOOL_OPTIONS", "ORT_DISABLE_TELEMETRY", "DJL_OFFLINE", "DJL_CACHE_DIR", "LANG");

  private static final Pattern TOPIC_LIKE =
      Pattern.compile(
          "(?<![\\w.-])(generation|prompt|embedding|latent|dlq|webhook)(\\.[a-z]+)+(?![\\w-])");

  private Deployed() {}

  static String text(String file) {
    try {
      return Files.readString(CHECKOUT.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The variables that nothing in this service reads. */
  static List<String> unread(String module, Collection<String> variables) {
    Set<String> read =
        CodeSettings.keysOf(CHECKOUT, module).stream()
            .map(CodeSettings::variable)
            .collect(Collectors.toSet());
    return variables.stream()
        .filter(name -> !read.contains(name) && !NOT_SETTINGS.contains(name))
        .toList();
  }

  /** The port in a service's application.properties. */
  static String port(String module) {
    return first(
        text(module + "/src/main/resources/application.properties"),
        "(?m)^quarkus\\.http\\.port=(\\d+)$");
  }

  /** What looks like a topic's name and is none. */
  static List<String> unknownTopics(String text) {
    List<String> known = Topic.allNames(List.of("default"));
    return TOPIC_LIKE
        .matcher(text)
        .results()
        .map(found -> found.group())
        .distinct()
        .toList()
        .stream()
        .filter(name -> !known.contains(name))
        .toList();
  }

  /** The first group of the first match. */
  static String first(String text, String regex) {
    Matcher matcher = Pattern.compile(regex).matcher(text);
    if (!matcher.find()) {
      throw new AssertionError("nothing matches " + regex);
    }
    return matcher.group(1);
  }
}
