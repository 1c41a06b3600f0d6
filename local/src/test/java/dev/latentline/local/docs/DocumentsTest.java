package dev.latentline.local.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DocumentsTest {
  private static final Markdown README = Markdown.of("README.md");
  private static final Pattern PICTURE =
      Pattern.compile("<img src=\"([^\"]+\\.png)\" alt=\"([^\"]+)\"");
  private static final Pattern ELLIPSIS = Pattern.compile("`[^`]*…[^`]*`");
  private static final Pattern DECISION = Pattern.compile("docs/adr/(\\d{4})");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");

  @Test
  void everyLinkLeadsSomewhere() {
    List<String> broken = new ArrayList<>();
    for (Markdown document : Markdown.all()) {
      for (String link : document.links()) {
        if (!link.matches("(?i)[a-z]+:.*") && !leadsSomewhere(document, link)) {
          broken.add(document.file() + " -> " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(README.links()).hasSizeGreaterThan(20);
  }

  @Test
  void everyDecisionThatTheCodeNamesIsWrittenDown() throws IOException {
    List<String> missing = new ArrayList<>();
    Path decisions = README.resolve("docs/adr");
    Set<String> written;
    try (Stream<Path> files = Files.list(decisions)) {
      written =
          files
              .map(file -> file.getFileName().toString().substring(0, 4))
              .collect(Collectors.toSet());
    }
    try (Stream<Path> files = Files.walk(README.resolve(""))) {
      List<Path> sources =
          files.filter(file -> file.toString().matches(".*/src/main/java/.*\\.java")).toList();
      assertThat(sources).hasSizeGreaterThan(100);
      for (Path source : sources) {
        DECISION
            .matcher(Files.readString(source))
            .results()
            .filter(named -> !written.contains(named.group(1)))
            .forEach(named -> missing.add(source + " -> " + named.group()));
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void theTwoCommandsOfTheReadmeAreWhatContinuousIntegrationRuns() throws IOException {
    List<String> commands = README.blocks("sh");
    String ci = Files.readString(README.resolve(".ci/run"));

    assertThat(commands.get(0)).startsWith("./latentline generate");
    assertThat(ci).contains(commands.get(0).substring(0, commands.get(0).indexOf(" --out")));
    assertThat(commands.get(1)).isEqualTo("mvn verify");
    assertThat(ci).containsPattern("(?m)^mvn .*\\bverify$");
  }

  @Test
  void thePicturesShowTheirPrompts() throws IOException {
    Matcher picture = PICTURE.matcher(README.text());
    int count = 0;
    while (picture.find()) {
      byte[] png = Files.readAllBytes(README.resolve(picture.group(1)));
      // the parameters lie uncompressed in the file
      assertThat(new String(png, StandardCharsets.ISO_8859_1))
          .contains("parameters")
          .contains(picture.group(2) + "\nSteps: 25, Sampler: DDIM")
          .contains("Version: latentline");
      count++;
    }
    assertThat(count).isEqualTo(8);
    assertThat(README.text().indexOf("<img")).isLessThan(README.text().indexOf("```"));
  }

  @Test
  void theTourNamesEveryModule() throws IOException {
    Set<String> modules =
        Pattern.compile("<module>(.+)</module>")
            .matcher(Files.readString(README.resolve("pom.xml")))
            .results()
            .map(module -> module.group(1))
            .collect(Collectors.toSet());
    // the programs that the embedded stack starts have no code to tour
    modules.removeAll(Set.of("platform/broker", "platform/store"));
    String tour = ELLIPSIS.matcher(README.text()).replaceAll("");

    assertThat(modules)
        .hasSizeGreaterThan(10)
        .allSatisfy(module -> assertThat(tour).contains("(" + module));
  }

  private static boolean leadsSomewhere(Markdown document, String link) {
    int hash = link.indexOf('#');
    Path file =
        hash == 0
            ? document.resolve("")
            : document.resolve(hash < 0 ? link : link.substring(0, hash));
    if (hash == 0) {
      return hasHeading(document, link.substring(1));
    }
    if (!Files.exists(file)) {
      return false;
    }
    return hash < 0 || hasHeading(Markdown.of(file.toString()), link.substring(hash + 1));
  }

  private static boolean hasHeading(Markdown document, String anchor) {
    return HEADING
        .matcher(document.text())
        .results()
        .map(
            heading ->
                heading
                    .group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^a-z0-9 -]", "")
                    .replace(' ', '-'))
        .anyMatch(anchor::equals);
  }
}
