package dev.latentline.local.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One repository, {@code acme/ink}, as a hub serves it: large files are redirected to another
 * address, as the real one does to its content delivery network.
 */
public final class FakeHub implements AutoCloseable {
  public static final String NAME = "acme/ink";
  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String SUFFIX = ".safetensors";
  private static final String RESOLVE = "/" + NAME + "/resolve/" + COMMIT + "/";
  private static final String CDN = "/cdn/";
  private static final String REFS =
      "{\"branches\": [{\"name\": \"main\"}], \"tags\": [{\"name\": \"v1\"}]}";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> files = new TreeMap<>();

  /** Method and path of every request, its range and what it was authorised with. */
  public final List<String> requests = new CopyOnWriteArrayList<>();

  /** The next so many downloads break off in the middle of what they send. */
  volatile int breakOff;

  /** Answers the whole file whatever part was asked for. */
  volatile boolean withoutRanges;

  /** Names another digest than the files have. */
  volatile boolean wrongDigests;

  /** Tells of lengths and digests in answers to HEAD requests only. */
  volatile boolean plainListing;

  /** Answered instead of a file's bytes, by where they are redirected to, once. */
  volatile int cdnStatus;

  /** Answered instead of a listing, unless 200. */
  volatile int status = 200;

  /** Answered instead of a file, unless 200. */
  volatile int fileStatus = 200;

  /** Where files are, instead of where they are. */
  volatile String redirect;

  /** Answered instead of what the repository has. */
  volatile String listing;

  /** Tells no digest in answers to HEAD requests. */
  volatile boolean withoutTags;

  /** With that status. */
  volatile String errorCode = "";

  public FakeHub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** Its address. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Puts a file into the repository. */
  public FakeHub with(String path, byte[] bytes) {
    files.put(path, bytes);
    return this;
  }

  /** Takes a file out of the repository. */
  void without(String path) {
    files.remove(path);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      requests.add(
          exchange.getRequestMethod()
              + " "
              + path
              + " "
              + exchange.getRequestHeaders().getFirst("Range")
              + " "
              + exchange.getRequestHeaders().getFirst("Authorization"));
      if (path.startsWith("/api/models/" + NAME + "/refs")) {
        send(exchange, REFS.getBytes(StandardCharsets.UTF_8));
      } else if (path.startsWith("/api/models/" + NAME + "/revision/")) {
        if (!refused(exchange, status)) {
          send(exchange, (listing == null ? listing() : listing).getBytes(StandardCharsets.UTF_8));
        }
      } else if (path.startsWith(RESOLVE)) {
        if (!refused(exchange, fileStatus)) {
          resolve(exchange, path.substring(RESOLVE.length()));
        }
      } else if (path.startsWith(CDN) && cdnStatus == 0) {
        file(exchange, files.get(path.substring(CDN.length())));
      } else {
        exchange.sendResponseHeaders(path.startsWith(CDN) ? cdnStatus : 404, -1);
        cdnStatus = 0;
      }
    }
  }

  private boolean refused(HttpExchange exchange, int with) throws IOException {
    if (with == 200) {
      return false;
    }
    exchange.getResponseHeaders().set("X-Error-Code", errorCode);
    exchange.sendResponseHeaders(with, -1);
    return true;
  }

  private void resolve(HttpExchange exchange, String path) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    if (redirect != null) {
      headers.set("Location", redirect);
      exchange.sendResponseHeaders(307, -1);
      return;
    }
    byte[] bytes = files.get(path);
    if (!path.endsWith(SUFFIX)) {
      headers.set("ETag", withoutTags ? "W/\"1\"" : "W/\"" + gitBlob(bytes) + "\"");
      file(exchange, bytes);
      return;
    }
    headers.set("X-Linked-Size", "" + bytes.length);
    headers.set("X-Linked-Etag", "\"" + (withoutTags ? "1" : Sha256.hex(bytes)) + "\"");
    headers.set("ETag", "\"" + "1".repeat(64) + "\"");
    // another host to a client, the same server
    String cdn = "http://localhost:" + server.getAddress().getPort() + CDN;
    String raw = exchange.getRequestURI().getRawPath().substring(RESOLVE.length());
    headers.set("Location", cdn + raw + "?signed=1");
    exchange.sendResponseHeaders(302, -1);
  }

  private String listing() {
    ObjectNode listing = new ObjectMapper().createObjectNode();
    listing.put("id", NAME).put("sha", COMMIT);
    listing.putObject("cardData").put("license", "creativeml-openrail-m");
    files.forEach(
        (path, bytes) -> {
          ObjectNode file = listing.withArray("siblings").addObject();
          file.put("rfilename", path);
          if (plainListing) {
            return;
          }
          file.put("size", bytes.length);
          file.put("blobId", wrongDigests ? "0".repeat(40) : gitBlob(bytes));
          if (path.endsWith(SUFFIX)) {
            file.putObject("lfs")
                .put("sha256", wrongDigests ? "0".repeat(64) : Sha256.hex(bytes))
                .put("size", bytes.length);
          }
        });
    return listing.toString();
  }

  private static String gitBlob(byte[] bytes) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      sha1.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(sha1.digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void file(HttpExchange exchange, byte[] bytes) throws IOException {
    if (bytes == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from =
        range == null || withoutRanges
            ? 0
            : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + bytes.length);
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    int rest = bytes.length - from;
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, rest == 0 ? -1 : rest);
    OutputStream out = exchange.getResponseBody();
    if (breakOff > 0) {
      breakOff--;
      out.write(bytes, from, rest / 2);
      out.flush();
      return;
    }
    out.write(bytes, from, rest);
    out.close();
  }

  private static void send(HttpExchange exchange, byte[] bytes) throws IOException {
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
