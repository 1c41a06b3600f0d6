package dev.latentline.denoiser;

import static org.awaitility.Awaitility.await;

import dev.latentline.contract.ImageTask;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Topic;
import dev.latentline.denoiser.task.Starter;
import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.JavaCommand;
import dev.latentline.embedded.Ports;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.S3BlobStore;
import dev.latentline.kit.blob.StoreSettings;
import dev.latentline.proto.v1.EmbeddingReady;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.LatentDenoised;
import dev.latentline.testkit.Patience;
import dev.latentline.testkit.RecordReader;
import dev.latentline.testkit.RecordWriter;
import dev.latentline.testkit.TestStack;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Denoisers of one pool as processes of their own, which are killed in the end. */
final class Replicas implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final AtomicInteger STARTED = new AtomicInteger();

  private final TestStack stack;
  private final String pool;
  private final Path catalogue;
  private final Map<String, String> environment;
  private final List<ChildProcess> all = new ArrayList<>();

  /**
   * @param catalogue whose pools.yaml has the pool
   */
  Replicas(TestStack stack, String pool, Path catalogue) {
    this(stack, pool, catalogue, Map.of());
  }

  /**
   * @param catalogue whose pools.yaml has the pool
   * @param environment of each, beside what it needs
   */
  Replicas(TestStack stack, String pool, Path catalogue, Map<String, String> environment) {
    this.stack = stack;
    this.pool = pool;
    this.catalogue = catalogue;
    this.environment = environment;
  }

  /** A catalogue with the starter of the build, in a pool that no other test's denoiser serves. */
  static Path catalogue(TestStack stack, String pool) throws IOException {
    Path to = stack.folder().resolve("catalogue-" + pool);
    Starter.copy("starter", to.resolve("starter"));
    Files.writeString(to.resolve("pools.yaml"), pool + ": [starter]\n");
    return to;
  }

  /** One that is ready. */
  ChildProcess start() {
    return start(1).get(0);
  }

  /** Several that are ready, started side by side. */
  List<ChildProcess> start(int count) {
    List<Integer> ports = Ports.free(count);
    List<ChildProcess> started = ports.stream().map(this::launch).toList();
    for (int i = 0; i < count; i++) {
      int port = ports.get(i);
      started.get(i).awaitReady(() -> isReady(port), Patience.SOON);
    }
    return started;
  }

  /** One that may be ready later. */
  ChildProcess launch() {
    return launch(Ports.free(1).get(0));
  }

  private ChildProcess launch(int port) {
    String name = pool + "-" + STARTED.incrementAndGet();
    Map<String, String> variables = new TreeMap<>(environment);
    stack
        .configuration()
        .forEach(
            (key, value) ->
                variables.put(key.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"), value));
    variables.put("LATENTLINE_MODELS", catalogue.toString());
    variables.put("LATENTLINE_POOL", pool);
    // tests count the steps that are told
    variables.put("LATENTLINE_PROGRESS_PAUSE", "0MS");
    variables.put("QUARKUS_HTTP_PORT", Integer.toString(port));
    variables.put("QUARKUS_LOG_CATEGORY__DEV_LATENTLINE__LEVEL", "DEBUG");
    variables.put("ORT_DISABLE_TELEMETRY", "1");
    List<String> command =
        new JavaCommand()
            .options("-XX:+UseSerialGC", "-Xmx768m", "--enable-native-access=ALL-UNNAMED")
            .classpath(Checkout.current().serviceClasspath("denoiser-service"))
            .main("io.quarkus.runner.GeneratedMain");
    ChildProcess replica =
        ChildProcess.start(
            new ChildProcess.Spec(
                name, command, variables, stack.folder(), stack.folder().resolve(name + ".log")));
    all.add(replica);
    return replica;
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

  /** Puts the picture into the queue of its pool. */
  static void submit(EmbeddingReady picture) {
    GenerationRequest request = picture.getRequest();
    String id = request.getGenerationId();
    try (RecordWriter writer = RecordWriter.open()) {
      writer.write(
          Topic.EMBEDDING_READY.topicName(request.getPool()),
          new ImageTask(id, picture.getImageIndex()).key(),
          picture.toByteArray(),
          RecordWriter.headers(id, Instant.now().plus(Duration.ofHours(1)), "EmbeddingReady"));
    }
  }

  /** What became of the first picture of a generation; waits for it. */
  static float[] latents(String generationId) throws IOException {
    ConsumerRecord<String, byte[]> record =
        RecordReader.open()
            .ofGeneration(Topic.LATENT_DENOISED.topicName(), generationId, 1, Patience.SOON)
            .get(0);
    return TensorRecords.fromRecord(
            LatentDenoised.parseFrom(record.value()).getLatents().getInline())
        .data();
  }

  /** Waits until the first picture has a step record. */
  void awaitStepRecord(GenerationRequest request) {
    String step =
        ObjectKeys.latestStep(request.getTenant(), new ImageTask(request.getGenerationId(), 0));
    try (S3BlobStore store = store()) {
      await()
          .atMost(Patience.SOON)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> store.exists(step));
    }
  }

  /** The store that they write their step records to. */
  S3BlobStore store() {
    return new S3BlobStore(
        new SmallRyeConfigBuilder()
            .withMapping(StoreSettings.class)
            .withDefaultValues(stack.configuration())
            .withDefaultValue("latentline.store.patience", "PT10S")
            .build()
            .getConfigMapping(StoreSettings.class));
  }

  static String log(ChildProcess replica) {
    try {
      return Files.readString(replica.log());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the last that a replica said of a picture is that it begins. */
  static boolean holds(ChildProcess replica, String id) {
    String log = log(replica);
    int last = log.lastIndexOf("DenoiseStage generation=" + id);
    return last >= 0 && log.substring(last).lines().findFirst().orElseThrow().contains(" begins ");
  }

  @Override
  public void close() {
    all.forEach(ChildProcess::kill);
  }
}
