package dev.latentline.testkit;

import dev.latentline.contract.Stage;
import dev.latentline.contract.Topic;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Holds the channels of a service against the contract: what it reads and writes is what {@link
 * Topic} says that its stage reads and writes, no more and no less.
 */
public final class ChannelContract {
  private static final Pattern CHANNEL =
      Pattern.compile(
          "(?:%[^.]+\\.)?mp\\.messaging\\.(incoming|outgoing)\\.\"?([^.\"]+)\"?\\.(.+)");
  private static final String OUT = "-out";

  private final Stage stage;
  private final Map<String, String> incoming = new TreeMap<>();
  private final Map<String, String> outgoing = new TreeMap<>();
  private final Set<Topic> otherwise = EnumSet.noneOf(Topic.class);

  private ChannelContract(Stage stage, Map<String, String> properties) {
    this.stage = stage;
    properties.forEach(
        (name, value) -> {
          Matcher matcher = CHANNEL.matcher(name);
          if (matcher.matches()) {
            Map<String, String> side = matcher.group(1).equals("incoming") ? incoming : outgoing;
            String channel = matcher.group(2);
            side.putIfAbsent(channel, topicOf(channel));
            if (matcher.group(3).equals("topic")) {
              side.put(channel, value);
            }
          }
        });
    // what the kit's worker does for every stage without a channel
    otherwise.add(Topic.DEAD_LETTER);
  }

  /** Of a service's configuration, by property name. */
  public static ChannelContract of(Stage stage, Map<String, String> properties) {
    return new ChannelContract(stage, properties);
  }

  /** Of a file of properties, as {@code src/main/resources/application.properties}. */
  public static ChannelContract of(Stage stage, Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> values = new TreeMap<>();
    properties
        .stringPropertyNames()
        .forEach(name -> values.put(name, properties.getProperty(name)));
    return new ChannelContract(stage, values);
  }

  /** These topics are read or written by a client of the service's own, not through a channel. */
  public ChannelContract withoutChannel(Topic... topics) {
    otherwise.addAll(Set.of(topics));
    return this;
  }

  /**
   * @throws AssertionError naming each channel that is missing, and each that should not be
   */
  public void check() {
    StringBuilder wrong = new StringBuilder();
    compare("reads", incoming, wrong);
    compare("writes", outgoing, wrong);
    if (!wrong.isEmpty()) {
      throw new AssertionError(
          "the channels of " + stage.id() + " are not the contract's:" + wrong);
    }
  }

  private void compare(String verb, Map<String, String> channels, StringBuilder wrong) {
    Set<Topic> wanted = EnumSet.noneOf(Topic.class);
    for (Topic topic : Topic.values()) {
      Set<Stage> stages = verb.equals("reads") ? topic.readers() : topic.writers();
      if (stages.contains(stage)) {
        wanted.add(topic);
      }
    }
    Set<Topic> missing = EnumSet.noneOf(Topic.class);
    missing.addAll(wanted);
    missing.removeAll(otherwise);
    Set<String> unknown = new TreeSet<>();
    channels.forEach(
        (channel, name) -> {
          Topic topic = byName(name);
          missing.remove(topic);
          if (topic == null || !wanted.contains(topic)) {
            unknown.add(channel + " (topic " + name + ")");
          }
        });
    for (Topic topic : missing) {
      wrong
          .append("\n  it ")
          .append(verb)
          .append(' ')
          .append(topic)
          .append(", but no channel does");
    }
    for (String channel : unknown) {
      wrong.append("\n  channel ").append(channel).append(": no topic that it ").append(verb);
    }
  }

  /** SmallRye takes the channel's name for the topic's; ours have dashes for dots. */
  private static String topicOf(String channel) {
    String name =
        channel.endsWith(OUT) ? channel.substring(0, channel.length() - OUT.length()) : channel;
    return name.replace('-', '.');
  }

  private static Topic byName(String name) {
    for (Topic topic : Topic.values()) {
      boolean matches =
          topic.isFamily()
              ? name.replace("\\", "").matches(Pattern.quote(topic.topicName("")) + ".*")
                  || (name + ".").equals(topic.topicName(""))
              : name.equals(topic.topicName());
      if (matches) {
        return topic;
      }
    }
    return null;
  }
}
