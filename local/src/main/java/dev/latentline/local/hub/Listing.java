package dev.latentline.local.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads what a hub answers, of which nothing is believed unseen. */
final class Listing {
  private static final int MAX_FILES = 10_000;
  private static final String SHA256 = "[0-9a-f]{64}";
  private static final String GIT_BLOB = "[0-9a-f]{40}";

  private Listing() {}

  /**
   * Of {@code /api/models/ID/revision/REV}. Files whose paths would lead out of a folder are left
   * out.
   *
   * @return empty when it is nothing that a hub answers
   */
  static Optional<HubRepository> repository(HubName name, JsonNode listing) {
    String commit = listing.path("sha").asText();
    JsonNode siblings = listing.path("siblings");
    if (!commit.matches("[0-9a-f]{7,64}") || siblings.size() > MAX_FILES) {
      return Optional.empty();
    }
    List<HubFile> files = new ArrayList<>();
    for (JsonNode sibling : siblings) {
      String path = sibling.path("rfilename").asText();
      if (isPlain(path)) {
        files.add(new HubFile(path, sibling.path("size").asLong(-1), digest(sibling)));
      }
    }
    return Optional.of(new HubRepository(name, commit, licence(listing.path("cardData")), files));
  }

  /** A path that leads nowhere else when it is written under a folder. */
  private static boolean isPlain(String path) {
    for (String part : path.split("/", -1)) {
      if (!part.matches("[^\\\\\\p{Cntrl}:]{1,200}") || part.matches("\\.{1,2}")) {
        return false;
      }
    }
    return true;
  }

  /** The blob of a large file is not its content, but a pointer to it. */
  private static Optional<String> digest(JsonNode sibling) {
    JsonNode large = sibling.path("lfs");
    return large.isObject()
        ? hex(large.path("sha256").asText(), SHA256)
        : hex(sibling.path("blobId").asText(), GIT_BLOB);
  }

  private static Optional<String> hex(String text, String pattern) {
    String hex = text.toLowerCase(Locale.ROOT);
    return hex.matches(pattern) ? Optional.of(hex) : Optional.empty();
  }

  /** A model's card has the hub's word for a licence, or the name of one that the hub has not. */
  private static Optional<String> licence(JsonNode card) {
    String id = card.path("license").asText("");
    String named = id.equals("other") ? card.path("license_name").asText(id) : id;
    if (named.isBlank()) {
      return Optional.empty();
    }
    return Optional.of(
        switch (named) {
          case "mit" -> "MIT";
          case "apache-2.0" -> "Apache-2.0";
          case "cc0-1.0" -> "CC0-1.0";
          case "cc-by-4.0" -> "CC-BY-4.0";
          case "creativeml-openrail-m" -> "CreativeML-OpenRAIL-M";
          default -> "LicenseRef-" + named.replaceAll("[^A-Za-z0-9.-]+", "-");
        });
  }

  /**
   * The file with what the answer to a HEAD request says of it.
   *
   * @param elsewhere the answer is a redirect, which has a length and a tag of its own
   */
  static HubFile described(HubFile file, HttpURLConnection answer, boolean elsewhere) {
    String length = answer.getHeaderField("X-Linked-Size");
    String tag = answer.getHeaderField("X-Linked-Etag");
    if (!elsewhere) {
      length = length == null ? answer.getHeaderField("Content-Length") : length;
      tag = tag == null ? answer.getHeaderField("ETag") : tag;
    }
    boolean isLength = length != null && length.matches("\\d{1,18}");
    String plain = String.valueOf(tag).replaceAll("^W/|\"", "");
    return new HubFile(
        file.path(),
        isLength ? Long.parseLong(length) : file.bytes(),
        hex(plain, SHA256 + "|" + GIT_BLOB).or(file::digest));
  }

  /** The names of branches and tags, of {@code /api/models/ID/refs}. */
  static List<String> revisions(JsonNode refs) {
    return Stream.of("branches", "tags")
        .flatMap(kind -> refs.path(kind).findValuesAsText("name").stream())
        .filter(name -> name.matches("[!-~]{1,100}"))
        .toList();
  }
}
