package dev.latentline.gateway.expand;

import dev.latentline.contract.Limits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The styles of an installation by name, in the order of their file. Immutable. */
public final class Styles {
  /** Of an installation that has none. */
  public static final Styles NONE = new Styles(Map.of());

  private static final int MAX_STYLES = 10_000;
  private static final List<String> COLUMNS = List.of("name", "prompt", "negative_prompt");

  /** Of the prompt in one style: what is long is not to become very long. */
  private static final int MAX_PLACES = 8;

  private static final String PLACE = "\\{prompt}";

  private final Map<String, Style> byName;

  private Styles(Map<String, Style> byName) {
    this.byName = byName;
  }

  /**
   * Reads a styles.csv of AUTOMATIC1111's: a line with the names of the columns, then one style
   * each.
   *
   * @throws IllegalArgumentException with all that is wrong, one a line, by the number of the style
   */
  public static Styles parse(String csv) {
    List<List<String>> rows = Csv.rows(csv);
    List<String> header = rows.isEmpty() ? List.of() : rows.get(0);
    // older versions say text
    List<String> columns =
        header.stream().map(String::strip).map(c -> c.equals("text") ? "prompt" : c).toList();
    if (!columns.containsAll(COLUMNS.subList(0, 2))) {
      throw new IllegalArgumentException("the first line must be " + String.join(",", COLUMNS));
    }
    if (rows.size() - 1 > MAX_STYLES) {
      throw new IllegalArgumentException("more than " + MAX_STYLES + " styles");
    }
    Map<String, Style> byName = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    for (int i = 1; i < rows.size(); i++) {
      List<String> row = rows.get(i);
      if (row.stream().allMatch(String::isBlank)) {
        continue;
      }
      Style style =
          new Style(
              cell(row, columns.indexOf("name")).strip(),
              cell(row, columns.indexOf("prompt")),
              cell(row, columns.indexOf("negative_prompt")));
      Optional<String> problem = problem(style);
      if (problem.isPresent()) {
        problems.add("style " + i + ": " + problem.get());
      } else if (byName.putIfAbsent(style.name(), style) != null) {
        problems.add("style " + i + ": there are two of this name");
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    return new Styles(byName);
  }

  private static String cell(List<String> row, int column) {
    return column < 0 || column >= row.size() ? "" : row.get(column);
  }

  private static Optional<String> problem(Style style) {
    if (style.name().isEmpty() || chars(style.name()) > Limits.MAX_STYLE_NAME_CHARS) {
      return Optional.of("its name has 1 to " + Limits.MAX_STYLE_NAME_CHARS + " characters");
    }
    if (places(style) > MAX_PLACES) {
      return Optional.of("it has {prompt} more than " + MAX_PLACES + " times");
    }
    for (String text : List.of(style.name(), style.prompt(), style.negativePrompt())) {
      if (text.chars().anyMatch(c -> c != '\n' && c != '\t' && Character.isISOControl(c))) {
        return Optional.of("it holds a control character");
      }
      if (chars(text) > Limits.MAX_PROMPT_CODE_POINTS) {
        return Optional.of("more than " + Limits.MAX_PROMPT_CODE_POINTS + " characters");
      }
    }
    return Optional.empty();
  }

  private static int places(Style style) {
    return Math.max(
            style.prompt().split(PLACE, -1).length, style.negativePrompt().split(PLACE, -1).length)
        - 1;
  }

  private static int chars(String text) {
    return text.codePointCount(0, text.length());
  }

  public Optional<Style> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** In the order of their file. */
  public Collection<Style> all() {
    return List.copyOf(byName.values());
  }

  /** What somebody may have meant. */
  public List<String> near(String name) {
    return NearNames.of(name, byName.keySet());
  }
}
