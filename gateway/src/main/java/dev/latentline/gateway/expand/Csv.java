package dev.latentline.gateway.expand;

import java.util.ArrayList;
import java.util.List;

/** Comma-separated values (RFC 4180): a value in double quotes may hold commas and line breaks. */
final class Csv {
  private final String text;
  private int at;

  private Csv(String text) {
    this.text = text;
  }

  /**
   * The values of each row; line breaks inside of values are line feeds.
   *
   * @throws IllegalArgumentException when a quote is not closed, or something follows a closed one
   */
  static List<List<String>> rows(String text) {
    Csv csv = new Csv(text.replace("\r\n", "\n").replace('\r', '\n'));
    List<List<String>> rows = new ArrayList<>();
    while (csv.at < csv.text.length()) {
      rows.add(csv.row(rows.size()));
    }
    return rows;
  }

  private List<String> row(int number) {
    List<String> values = new ArrayList<>();
    do {
      values.add(at < text.length() && text.charAt(at) == '"' ? quoted(number) : plain());
    } while (at < text.length() && text.charAt(at++) == ',');
    return values;
  }

  private String plain() {
    int from = at;
    while (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '\n') {
      at++;
    }
    return text.substring(from, at);
  }

  private String quoted(int row) {
    StringBuilder value = new StringBuilder();
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '"') {
        value.append(c);
      } else if (at < text.length() && text.charAt(at) == '"') {
        value.append('"');
        at++;
      } else if (at == text.length() || text.charAt(at) == ',' || text.charAt(at) == '\n') {
        return value.toString();
      } else {
        throw new IllegalArgumentException("row " + row + ": text follows a closed quote");
      }
    }
    throw new IllegalArgumentException("row " + row + ": a quote is not closed");
  }
}
