package dev.latentline.bench;

import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.JavaCommand;
import dev.latentline.embedded.KafkaBroker;
import dev.latentline.embedded.Ports;
import dev.latentline.embedded.S3Store;
import dev.latentline.kit.blob.StoreSettings;
import dev.latentline.local.client.GatewayClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Broker, store and as many processes of each service as a benchmark wants, in a folder of its own.
 */
final class Line implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(120);
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final S3Store.Keys KEYS = new S3Store.Keys("bench-key", "bench-secret");

  private final Checkout checkout = Checkout.current();
  private final Path folder;
  private final KafkaBroker broker;
  private final S3Store store;
  private final int gatewayPort;
  private final List<ChildProcess> running = new ArrayList<>();
  private int started;

  /** Broker, store and gateway; the other services come with {@link #start}. */
  Line() {
    try {
      folder = Files.createTempDirectory("latentline-bench");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Integer> ports = Ports.free(4);
    broker =
        new KafkaBroker(
            checkout,
            folder.resolve("kafka"),
            folder.resolve("broker.log"),
            ports.get(0),
            ports.get(1));
    store =
        new S3Store(
            checkout, folder.resolve("s3"), folder.resolve("store.log"), ports.get(2), KEYS);
    gatewayPort = ports.get(3);
    running.add(store.start());
    running.add(broker.startAndAwait(START));
    start("gateway", gatewayPort, Map.of());
  }

  String bootstrapServers() {
    return broker.bootstrapServers();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + gatewayPort);
  }

  GatewayClient gateway() {
    return new GatewayClient(address(), Optional.empty());
  }

  /** What each process has used of the cores since it began, in seconds, by name. */
  Map<String, Double> cpuSeconds() {
    Map<String, Double> used = new TreeMap<>();
    running.forEach(process -> used.put(process.name(), Cpu.secondsOf(process.handle())));
    return used;
  }

  /** The store's settings, for a client of its own. */
  StoreSettings storeSettings() {
    return new BenchStore(store.url(), KEYS);
  }

  /** One more process of a service, ready. */
  ChildProcess start(String module) {
    return start(module, Map.of());
  }

  /** As {@link #start(String)}, with more in its environment. */
  ChildProcess start(String module, Map<String, String> more) {
    return start(module, Ports.free(1).get(0), more);
  }

  private ChildProcess start(String module, int port, Map<String, String> more) {
    String name = module + "-" + started++;
    Map<String, String> environment = new TreeMap<>(more);
    environment.put("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrapServers());
    environment.put("LATENTLINE_STORE_URL", store.url());
    environment.put("LATENTLINE_STORE_ACCESS_KEY", KEYS.accessKey());
    environment.put("LATENTLINE_STORE_SECRET_KEY", KEYS.secretKey());
    environment.put("LATENTLINE_MODELS", checkout.models().toString());
    environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
    environment.put("ORT_DISABLE_TELEMETRY", "1");
    environment.put("DJL_OFFLINE", "true");
    environment.put("LATENTLINE_MASTER_SECRET", "bench-".repeat(8));
    List<String> command =
        java(module)
            .options("--enable-native-access=ALL-UNNAMED")
            .classpath(checkout.serviceClasspath(module))
            .main("io.quarkus.runner.GeneratedMain");
    ChildProcess process =
        ChildProcess.start(
            new ChildProcess.Spec(
                name, command, environment, folder, folder.resolve(name + ".log")));
    running.add(process);
    return process.awaitReady(() -> isReady(port), START);
  }

  /** As the embedded stack starts them. */
  private static JavaCommand java(String module) {
    return switch (module) {
      case "denoiser-service" -> new JavaCommand().computing(768);
      case "decoder-service", "encoder-service" -> new JavaCommand().computing(512);
      default -> new JavaCommand().light(384);
    };
  }

  private static boolean isReady(int port) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready"))
              .timeout(Duration.ofSeconds(2))
              .build();
      return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    for (int i = running.size() - 1; i >= 0; i--) {
      running.get(i).kill();
    }
    try (var inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      System.err.println("left behind: " + folder);
    }
  }
}
