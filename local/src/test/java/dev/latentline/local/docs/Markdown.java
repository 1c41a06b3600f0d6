package dev.latentline.local.docs;

import dev.latentline.embedded.Checkout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A document of the checkout.
 *
 * @param file relative to the checkout
 */
public record Markdown(Path file, String text) {
  private static final Path CHECKOUT = Checkout.current().root();
  private static final Pattern FENCED = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");
  private static final Pattern LINK =
      Pattern.compile("\\]\\(([^)\\s]+)\\)|(?:src|href)=\"([^\"]+)\"");

  /** Of a name relative to the checkout. */
  public static Markdown of(String name) {
    return read(CHECKOUT.resolve(name));
  }

  /** Every document that is not made by a build. */
  static List<Markdown> all() {
    try (Stream<Path> files = Files.walk(CHECKOUT)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          .filter(
              file ->
                  Stream.of("target", ".git", ".latentline", "node_modules")
                      .noneMatch(built -> contains(CHECKOUT.relativize(file), built)))
          .map(Markdown::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The fenced blocks in a language, without the fences. */
  public List<String> blocks(String language) {
    return FENCED
        .matcher(text)
        .results()
        .filter(block -> block.group(1).equals(language))
        .map(block -> block.group(2).strip())
        .toList();
  }

  /** Where it links to, pictures included. */
  List<String> links() {
    return LINK.matcher(FENCED.matcher(text).replaceAll(""))
        .results()
        .map(Markdown::target)
        .toList();
  }

  /** What a link of it names. */
  Path resolve(String link) {
    return CHECKOUT.resolve(file).resolveSibling(link).normalize();
  }

  private static String target(MatchResult link) {
    return link.group(1) == null ? link.group(2) : link.group(1);
  }

  private static boolean contains(Path path, String name) {
    for (Path part : path) {
      if (part.toString().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static Markdown read(Path file) {
    try {
      return new Markdown(CHECKOUT.relativize(file), Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
