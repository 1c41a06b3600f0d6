package dev.latentline.local.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Talks to one gateway. Every answer is read defensively: what is missing is empty. */
public final class GatewayClient {
  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final Duration PROBE = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(30);

  /** Of 10 MB at the most. */
  private static final Duration UPLOAD = Duration.ofMinutes(2);

  /** Somebody has pressed Ctrl-C and waits. */
  private static final Duration CANCEL = Duration.ofSeconds(2);

  /** The gateway's own check: other programs have a readiness too. */
  private static final String OWN_CHECK = "line";

  private final URI base;
  private final Optional<String> apiKey;
  private final HttpClient http;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param apiKey sent to this gateway alone; empty where it asks for none
   */
  public GatewayClient(URI base, Optional<String> apiKey) {
    this.base = base;
    this.apiKey = apiKey;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** The gateway's address without credentials, for messages. */
  public String shown() {
    return base.getScheme()
        + "://"
        + base.getHost()
        + (base.getPort() < 0 ? "" : ":" + base.getPort());
  }

  /** Whether a Latentline gateway answers and is ready for work. */
  public boolean isReady() {
    try {
      // not known yet to be a gateway: no key
      URI health = base.resolve("/q/health/ready");
      for (JsonNode check :
          send(HttpRequest.newBuilder(health).timeout(PROBE).build()).path("checks")) {
        if (OWN_CHECK.equals(check.path("name").asText())) {
          return true;
        }
      }
      return false;
    } catch (GatewayException e) {
      return false;
    }
  }

  /** The models on offer, in the gateway's order. */
  public List<Model> models() throws GatewayException {
    List<Model> models = new ArrayList<>();
    for (JsonNode model : send(get("/v1/models").build()).path("data")) {
      models.add(Model.of(model));
    }
    return models;
  }

  /** What makes pictures larger, the first choice first. */
  public List<Upscaler> upscalers() throws GatewayException {
    List<Upscaler> upscalers = new ArrayList<>();
    for (JsonNode upscaler : send(get("/v1/models").build()).path("upscalers")) {
      upscalers.add(Upscaler.of(upscaler));
    }
    return upscalers;
  }

  /** An empty request body to fill. */
  public ObjectNode request() {
    return json.createObjectNode();
  }

  /**
   * Asks for pictures.
   *
   * @param idempotencyKey the same for every attempt at the same request
   */
  public Generation submit(ObjectNode body, String idempotencyKey) throws GatewayException {
    return Generation.of(
        send(
            to("/v1/generations")
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", idempotencyKey)
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build()));
  }

  /**
   * Sends a picture.
   *
   * @return its id, by which requests can name it
   */
  public String upload(Path picture) throws GatewayException {
    String boundary = UUID.randomUUID().toString();
    HttpRequest.BodyPublisher file;
    try {
      file = HttpRequest.BodyPublishers.ofFile(picture);
    } catch (FileNotFoundException e) {
      throw new GatewayException(0, "", picture + " cannot be read");
    }
    HttpRequest.BodyPublisher form =
        HttpRequest.BodyPublishers.concat(
            HttpRequest.BodyPublishers.ofString(
                "--"
                    + boundary
                    + "\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"picture\"\r\n"
                    + "Content-Type: application/octet-stream\r\n\r\n"),
            file,
            HttpRequest.BodyPublishers.ofString("\r\n--" + boundary + "--\r\n"));
    return send(to("/v1/inputs")
            .timeout(UPLOAD)
            .header("Content-Type", "multipart/form-data; boundary=" + boundary)
            .POST(form)
            .build())
        .path("id")
        .asText("");
  }

  /** What has become of it. */
  public Generation generation(String id) throws GatewayException {
    return Generation.of(send(get("/v1/generations/" + id).build()));
  }

  /** Its manifest.json, which is there soon after it has ended. */
  public JsonNode manifest(String id) throws GatewayException {
    return send(get("/v1/generations/" + id + "/manifest").build());
  }

  /** Asks to stop it, for at most 2 s; an ended one stays as it is. */
  public void cancel(String id) throws GatewayException {
    send(
        to("/v1/generations/" + id + "/cancel")
            .timeout(CANCEL)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build());
  }

  /** The bytes of a picture. */
  public byte[] download(Generation.Image image) throws GatewayException {
    HttpResponse<byte[]> response = exchange(to(image.url()).timeout(ANSWER).GET().build());
    if (response.statusCode() != 200) {
      throw problem(response);
    }
    return response.body();
  }

  /**
   * Follows the events of a generation until the stream ends.
   *
   * @return completes when the stream ends, exceptionally when it breaks
   */
  public CompletableFuture<Void> follow(String id, EventStream events) {
    HttpRequest request =
        to("/v1/generations/" + id + "/events").header("Accept", "text/event-stream").GET().build();
    return http.sendAsync(
            request,
            info ->
                info.statusCode() == 200
                    ? HttpResponse.BodySubscribers.fromLineSubscriber(events)
                    : HttpResponse.BodySubscribers.replacing(null))
        .thenAccept(response -> {});
  }

  private HttpRequest.Builder get(String path) {
    return to(path).timeout(ANSWER).header("Accept", "application/json").GET();
  }

  /**
   * @param url absolute or relative to the gateway
   */
  private HttpRequest.Builder to(String url) {
    URI address = base.resolve(url);
    HttpRequest.Builder request = HttpRequest.newBuilder(address);
    if (isOwn(address)) {
      apiKey.ifPresent(key -> request.header("Authorization", "Bearer " + key));
    }
    return request;
  }

  /** Whether it has the gateway's scheme, host and port: nobody else is told the key. */
  private boolean isOwn(URI address) {
    return base.getScheme().equalsIgnoreCase(address.getScheme())
        && base.getHost().equalsIgnoreCase(address.getHost())
        && port(base) == port(address);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
  }

  private JsonNode send(HttpRequest request) throws GatewayException {
    HttpResponse<byte[]> response = exchange(request);
    if (response.statusCode() / 100 != 2) {
      throw problem(response);
    }
    return parse(response.body());
  }

  private HttpResponse<byte[]> exchange(HttpRequest request) throws GatewayException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new GatewayException(0, "", "nothing answers at " + shown());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GatewayException(0, "", "interrupted while waiting for " + shown());
    }
  }

  private JsonNode parse(byte[] body) {
    try {
      return json.readTree(new String(body, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  private String keyAdvice() {
    return apiKey.isEmpty()
        ? shown() + " asks for a key: set LATENTLINE_API_KEY to it"
        : shown() + " does not know the key in LATENTLINE_API_KEY: set it to one that it does";
  }

  /** RFC 9457 problem+json in one line: what is wrong with each field, else the detail. */
  private GatewayException problem(HttpResponse<byte[]> response) {
    if (response.statusCode() == GatewayException.UNAUTHORIZED && isOwn(response.uri())) {
      return new GatewayException(response.statusCode(), "unauthorized", keyAdvice());
    }
    JsonNode problem = parse(response.body());
    StringJoiner fields = new StringJoiner("; ");
    for (JsonNode error : problem.path("errors")) {
      String field = error.path("field").asText("");
      String message = error.path("message").asText(error.path("detail").asText(""));
      fields.add(field.isEmpty() ? message : field + ": " + message);
    }
    String text = fields.toString();
    if (text.isBlank()) {
      text = problem.path("detail").asText(problem.path("title").asText(""));
    }
    if (text.isBlank()) {
      text = shown() + " answered with HTTP status " + response.statusCode();
    }
    return new GatewayException(
        response.statusCode(), problem.path("code").asText(""), text.replace('\n', ' '));
  }
}
