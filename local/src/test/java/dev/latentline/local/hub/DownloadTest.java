package dev.latentline.local.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.local.CliException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DownloadTest {
  private static final String WEIGHTS = "unet/ink v1+.safetensors";
  private static final byte[] BYTES = new byte[1_000_000];
  private static final byte[] SMALL = "{}".getBytes(StandardCharsets.UTF_8);

  static {
    new Random(1).nextBytes(BYTES);
  }

  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();
  private final List<Long> told = new ArrayList<>();
  private final List<Long> begun = new ArrayList<>();
  private FakeHub server;

  @BeforeEach
  void open() throws IOException {
    server = new FakeHub().with(WEIGHTS, BYTES).with("model_index.json", SMALL);
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void filesAreFetchedAndTheirDigestsAreTheHubs() throws IOException {
    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
    assertThat(folder.resolve("model_index.json")).hasBinaryContent(SMALL);
    assertThat(told).isSorted().endsWith((long) BYTES.length + SMALL.length);
    assertThat(begun).containsExactly(2L, BYTES.length + 2L, BYTES.length + 2L);
    assertThat(notes).isEmpty();
  }

  @Test
  void aTokenGoesToTheHubAloneAndNotToWhereItRedirectsTo() throws IOException {
    HubClient hub = new HubClient(URI.create(server.url()), Optional.of("secret"));
    HubRepository repository = hub.repository(HubName.parse(FakeHub.NAME));
    download(hub, repository).run(repository.files());

    assertThat(server.requests).anyMatch(request -> request.startsWith("GET /cdn/"));
    assertThat(server.requests)
        .allMatch(
            request -> request.endsWith(request.contains(" /cdn/") ? " null" : " Bearer secret"));
  }

  @Test
  void whatBreaksOffGoesOnWhereItEnded() throws IOException {
    HubRepository repository = repository();
    server.breakOff = 3;

    download(new HubClient(URI.create(server.url()), Optional.empty()), repository)
        .run(repository.files().stream().filter(f -> f.path().equals(WEIGHTS)).toList());

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
    assertThat(notes).hasSize(3).allMatch(note -> note.startsWith(WEIGHTS + " broke off"));
    assertThat(server.requests).anyMatch(request -> request.contains(" bytes=500000- "));
    assertThat(server.requests).anyMatch(request -> request.contains(" bytes=875000- "));
  }

  @Test
  void anotherCallGoesOnAndFetchesNothingTwice() throws IOException {
    Files.createDirectories(folder.resolve("unet"));
    Files.write(folder.resolve(WEIGHTS + ".part"), Arrays.copyOf(BYTES, 123_456));

    run();
    int requests = server.requests.size();
    assertThat(server.requests).anyMatch(request -> request.contains(" bytes=123456- "));
    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
    // the listing again, and no file
    assertThat(server.requests).hasSize(requests + 1);
    assertThat(begun).endsWith(2L, 0L, BYTES.length + 2L);
  }

  @Test
  void aHubThatKnowsNoRangesIsAskedFromTheBeginning() throws IOException {
    server.withoutRanges = true;
    server.breakOff = 1;

    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
  }

  @ParameterizedTest
  @ValueSource(strings = {WEIGHTS, "model_index.json"})
  void otherBytesThanTheHubNamesAreNotKept(String without) throws IOException {
    // of either kind of digest
    server.without(without);
    server.wrongDigests = true;

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining("arrived with other bytes than the hub names");
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void halfAFileOfOtherBytesIsFoundOutToo() throws IOException {
    Files.createDirectories(folder.resolve("unet"));
    Files.write(folder.resolve(WEIGHTS + ".part"), new byte[123_456]);

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining(WEIGHTS + " arrived with other bytes");
    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
  }

  @Test
  void lengthsAndDigestsThatTheListingLacksAreAskedForByFile() throws IOException {
    server.plainListing = true;
    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
    assertThat(server.requests)
        .anyMatch(request -> request.startsWith("HEAD /acme/ink/resolve/"))
        .noneMatch(request -> request.startsWith("HEAD /cdn/"));
    assertThat(begun).containsExactly(2L, BYTES.length + 2L, BYTES.length + 2L);
  }

  @Test
  void whatCannotBeCheckedIsNotFetched() {
    server.plainListing = true;
    server.withoutTags = true;

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining("tells no length or digest of");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anEmptyFileIsAFile() throws IOException {
    server.with("scheduler/scheduler_config.json", new byte[0]);

    run();

    assertThat(folder.resolve("scheduler/scheduler_config.json")).isEmptyFile();
  }

  @Test
  void aHubThatBreaksOffWithoutEndIsGivenUp() throws IOException {
    server.with("one.txt", new byte[] {1});
    server.breakOff = Integer.MAX_VALUE;

    HubClient hub = new HubClient(URI.create(server.url()), Optional.empty());
    HubRepository repository = hub.repository(HubName.parse(FakeHub.NAME));
    List<HubFile> one =
        repository.files().stream().filter(file -> file.path().equals("one.txt")).toList();

    // half of one byte is none: it never gets further
    assertThatThrownBy(() -> download(hub, repository).run(one)).isInstanceOf(IOException.class);
    assertThat(notes).hasSize(4);
  }

  @Test
  void whatTheDiskRefusesIsNotTriedAgain() throws IOException {
    Files.createDirectories(folder.resolve(WEIGHTS + ".part"));

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining("cannot write " + folder.resolve(WEIGHTS));
    assertThat(notes).isEmpty();
  }

  @Test
  void moreThanTheDiskHoldsIsNotBegun() throws IOException {
    HubRepository repository = repository();
    HubFile huge = new HubFile("huge.safetensors", Long.MAX_VALUE / 2, Optional.of("0".repeat(64)));

    assertThatThrownBy(
            () ->
                download(new HubClient(URI.create(server.url()), Optional.empty()), repository)
                    .run(List.of(huge)))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("GB are still to be fetched, and " + folder + " has room for");
    assertThat(server.requests).hasSize(1);
  }

  @Test
  void anAddressOfTheStoreThatIsTooOldIsMadeAnew() throws IOException {
    server.cdnStatus = 403;

    run();

    assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(BYTES);
    assertThat(notes).singleElement().asString().contains("localhost answers with status 403");
  }

  @ParameterizedTest
  @CsvSource({
    "401, RepoNotFound, false, set HF_TOKEN",
    "401, '', true, does not take the token in HF_TOKEN",
    "401, GatedRepo, false, '/acme/ink, and set HF_TOKEN'",
    "403, GatedRepo, true, as the owner of the token in HF_TOKEN",
    "404, RepoNotFound, true, has no acme/ink for everybody: look at its name",
    "404, RevisionNotFound, false, 'has no revision main; it has [main, v1]'",
    "400, '', false, status 400",
  })
  void whatTheHubRefusesSaysWhatToDo(int status, String code, boolean token, String said) {
    server.status = status;
    server.errorCode = code;
    HubClient hub =
        new HubClient(URI.create(server.url()), token ? Optional.of("secret") : Optional.empty());

    assertThatThrownBy(() -> hub.repository(HubName.parse(FakeHub.NAME)))
        .isInstanceOf(CliException.class)
        .hasMessageContaining(said)
        .hasMessageNotContaining("secret");
  }

  @Test
  void aFileThatIsNotForEverybodySaysSo() {
    server.fileStatus = 401;
    server.errorCode = "GatedRepo";

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining("is given only to those who accepted its terms");
    assertThat(notes).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void aHubThatIsBusyOrBrokenIsNoMistakeOfTheCaller(int status) {
    server.status = status;

    assertThatThrownBy(this::run)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1 answers with status " + status);
  }

  @Test
  void anotherServerThanAHubIsSaidToBeNone() {
    server.listing = "<html>";
    assertThatThrownBy(this::run).hasMessageContaining("does not answer as a model hub does");
    server.listing = "{}";
    assertThatThrownBy(this::run).hasMessageContaining("does not answer as a model hub does");
    server.listing = " ".repeat(16 * 1024 * 1024) + "{}";
    assertThatThrownBy(this::run).hasMessageContaining("more than a listing can be");
  }

  @Test
  void lengthsThatAreTogetherMoreThanANumberCanSayAreRefused() {
    String file =
        "{\"rfilename\": \"%s.bin\", \"size\": 5000000000000000000, \"blobId\": \""
            + "0".repeat(40)
            + "\"}";
    server.listing =
        "{\"sha\": \"%s\", \"siblings\": [%s, %s]}"
            .formatted(FakeHub.COMMIT, file.formatted("a"), file.formatted("b"));

    assertThatThrownBy(this::run)
        .isInstanceOf(CliException.class)
        .hasMessageContaining("the files have more bytes than any disk");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void redirectsWithoutEndOrToNoAddressAreNotFollowed() {
    server.redirect = server.url() + "/acme/ink/resolve/" + FakeHub.COMMIT + "/again.safetensors";
    assertThatThrownBy(this::run).hasMessageContaining("redirects in a circle");
    server.redirect = "file:///etc/passwd";
    assertThatThrownBy(this::run).hasMessageContaining("redirects to nowhere");
  }

  @Test
  void pathsThatLeadElsewhereAreLeftOut() throws IOException {
    server.with("../evil", SMALL).with("/etc/evil", SMALL).with("a//b", SMALL).with("C:x", SMALL);

    assertThat(repository().files())
        .extracting(HubFile::path)
        .containsExactlyInAnyOrder(WEIGHTS, "model_index.json");
  }

  @Test
  void aTokenIsNotSentInTheClear() {
    assertThatThrownBy(() -> new HubClient(URI.create("http://hub.example"), Optional.of("secret")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("https")
        .hasMessageNotContaining("secret");
  }

  @Test
  void whatCannotBeATokenIsNotShown() {
    assertThatThrownBy(
            () -> new HubClient(URI.create(server.url()), Optional.of("secret\nX-Other: 1")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("HF_TOKEN is no token")
        .hasMessageNotContaining("secret");
  }

  private HubRepository repository() throws IOException {
    return new HubClient(URI.create(server.url()), Optional.empty())
        .repository(HubName.parse(FakeHub.NAME));
  }

  private void run() throws IOException {
    HubRepository repository = repository();
    download(new HubClient(URI.create(server.url()), Optional.empty()), repository)
        .run(repository.files());
  }

  private Download download(HubClient hub, HubRepository repository) {
    return new Download(
        hub,
        repository,
        folder,
        new Download.Watcher() {
          @Override
          public void begin(int files, long missing, long all) {
            begun.addAll(List.of((long) files, missing, all));
          }

          @Override
          public void fetched(long bytes) {
            told.add(bytes);
          }

          @Override
          public void note(String line) {
            notes.add(line);
          }
        },
        Duration.ofMillis(1));
  }
}
