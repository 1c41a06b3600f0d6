package dev.latentline.local.hub;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.latentline.local.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Talks to a model hub: the part of Hugging Face's HTTP interface that its own tools download with
 * ({@code /api/models/ID/revision/REV} and {@code /ID/resolve/COMMIT/PATH}), which mirrors have
 * too.
 */
public final class HubClient {
  private static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;
  private static final int SHOWN_REVISIONS = 10;

  private final HubHttp http;

  /**
   * @param base such as https://huggingface.co
   * @param token sent to the hub alone, not to where it redirects to
   * @throws CliException when the address or the token is none, or the token would be sent in the
   *     clear
   */
  public HubClient(URI base, Optional<String> token) {
    this.http = new HubHttp(base, token);
  }

  /** Bytes of a file, from the offset that was asked for or from the beginning. */
  record Body(InputStream bytes, long from) {}

  /**
   * What the hub has under a name.
   *
   * @throws CliException when it has nothing, or does not say so to everybody
   * @throws IOException when it does not answer, or not as a hub does
   */
  public HubRepository repository(HubName name) throws IOException {
    String escaped = name.revision().replace("/", "%2F");
    HttpURLConnection answer =
        http.get(
            http.address("api/models/" + name.id() + "/revision/" + escaped + "?blobs=true"), 0);
    if (answer.getResponseCode() != HttpURLConnection.HTTP_OK) {
      throw refused(answer, name, name.id());
    }
    Optional<HubRepository> listed = Listing.repository(name, json(answer));
    return listed.orElseThrow(this::noHub);
  }

  private JsonNode json(HttpURLConnection answer) throws IOException {
    try (InputStream in = answer.getInputStream()) {
      byte[] bytes = in.readNBytes(MAX_ANSWER_BYTES + 1);
      if (bytes.length > MAX_ANSWER_BYTES) {
        throw new IOException(http.host() + " answers with more than a listing can be");
      }
      return new ObjectMapper().readTree(bytes);
    } catch (JacksonException e) {
      throw noHub();
    } finally {
      answer.disconnect();
    }
  }

  private IOException noHub() {
    return new IOException(http.host() + " does not answer as a model hub does");
  }

  /**
   * The files with their lengths and digests. The hub is asked for each of which its listing did
   * not tell them.
   *
   * @throws CliException when it does not know them either
   * @throws IOException when it does not answer
   */
  List<HubFile> described(HubRepository repository, List<HubFile> files) throws IOException {
    List<HubFile> described = new ArrayList<>();
    for (HubFile file : files) {
      HubFile known = file.canBeChecked() ? file : describe(repository, file);
      if (!known.canBeChecked()) {
        throw CliException.failed(
            http.host()
                + " tells no length or digest of "
                + file.path()
                + " to check it by: download it yourself, then use latentline models import");
      }
      described.add(known);
    }
    return described;
  }

  private HubFile describe(HubRepository repository, HubFile file) throws IOException {
    HttpURLConnection answer = http.head(address(repository, file));
    int status = answer.getResponseCode();
    if (status != HttpURLConnection.HTTP_OK && !HubHttp.isRedirect(status)) {
      throw refused(answer, repository.name(), file.path());
    }
    HubFile described = Listing.described(file, answer, HubHttp.isRedirect(status));
    answer.disconnect();
    return described;
  }

  /**
   * Opens a file.
   *
   * @param from where to begin; the answer says whether the hub does
   * @throws CliException when the hub refuses it
   * @throws IOException when it does not answer
   */
  Body open(HubRepository repository, HubFile file, long from) throws IOException {
    HttpURLConnection answer = http.get(address(repository, file), from);
    int status = answer.getResponseCode();
    if (status == HttpURLConnection.HTTP_PARTIAL) {
      String range = String.valueOf(answer.getHeaderField("Content-Range"));
      if (!range.matches("bytes " + from + "-\\d+/(\\d+|\\*)")) {
        answer.disconnect();
        throw new IOException("the hub answered with another part of it");
      }
      return new Body(answer.getInputStream(), from);
    }
    if (status == HttpURLConnection.HTTP_OK) {
      return new Body(answer.getInputStream(), 0);
    }
    throw refused(answer, repository.name(), file.path());
  }

  private URI address(HubRepository repository, HubFile file) {
    try {
      String path = new URI(null, null, "/" + file.path(), null).toASCIIString();
      return http.address(repository.name().id() + "/resolve/" + repository.commit() + path);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(file.path(), e);
    }
  }

  /** What passes by itself is an {@link IOException}: it can be tried again. */
  private CliException refused(HttpURLConnection answer, HubName name, String what)
      throws IOException {
    int status = answer.getResponseCode();
    String code = String.valueOf(answer.getHeaderField("X-Error-Code"));
    URI asked = URI.create(answer.getURL().toString());
    answer.disconnect();
    // a store that the hub redirects to refuses an address that is too old; the hub gives a new one
    if (status == 429 || status >= 500 || !http.isOurs(asked)) {
      throw new IOException(asked.getHost() + " answers with status " + status);
    }
    return CliException.failed(
        switch (status) {
          case 401, 403 -> forbidden(name, what, code.equals("GatedRepo") || status == 403);
          case 404 -> code.equals("RevisionNotFound") ? noRevision(name) : nothing(what);
          default -> http.host() + " refuses " + what + " with status " + status;
        });
  }

  private String forbidden(HubName name, String what, boolean gated) {
    if (gated) {
      return what
          + " is given only to those who accepted its terms: do that at "
          + http.address(name.id())
          + (http.hasToken()
              ? " as the owner of the token in HF_TOKEN, which must be one that may read it"
              : ", and set HF_TOKEN to a token of yours");
    }
    if (http.hasToken()) {
      return http.host() + " does not take the token in HF_TOKEN: make another, or unset it";
    }
    return nothing(what) + ", or set HF_TOKEN to a token that may read it";
  }

  private String nothing(String what) {
    return http.host() + " has no " + what + " for everybody: look at its name";
  }

  private String noRevision(HubName name) throws IOException {
    HttpURLConnection answer = http.get(http.address("api/models/" + name.id() + "/refs"), 0);
    List<String> there =
        answer.getResponseCode() == HttpURLConnection.HTTP_OK
            ? Listing.revisions(json(answer))
            : List.of();
    List<String> shown = there.stream().limit(SHOWN_REVISIONS).toList();
    return name.id()
        + " has no revision "
        + name.revision()
        + (shown.isEmpty() ? ": leave it out for the newest" : "; it has " + shown);
  }
}
