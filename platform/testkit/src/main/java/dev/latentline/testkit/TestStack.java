package dev.latentline.testkit;

import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.KafkaBroker;
import dev.latentline.embedded.Ports;
import dev.latentline.embedded.S3Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The broker and the store of this JVM: started by the first caller, shared by all tests of a
 * module, ended with the JVM. Data and logs are in {@code target/stack-PID}.
 *
 * <p>Tests tell their records apart by generation id; topics are shared. Quarkus loads test classes
 * in several class loaders, so what is known of the processes lies in system properties.
 */
public final class TestStack {
  public static final String ACCESS_KEY = "test-key";
  public static final String SECRET_KEY = "test-secret";
  public static final String BUCKET = "latentline";

  private static final String STARTED = "latentline.testkit.folder";
  private static final Duration START = Duration.ofSeconds(120);

  private final Path folder;
  private final KafkaBroker broker;
  private final S3Store store;

  private TestStack(Path folder, int port, int controllerPort, int storePort) {
    Checkout checkout = Checkout.current();
    this.folder = folder;
    this.broker =
        new KafkaBroker(
            checkout, folder.resolve("kafka"), folder.resolve("broker.log"), port, controllerPort);
    this.store =
        new S3Store(
            checkout,
            folder.resolve("s3"),
            folder.resolve("store.log"),
            storePort,
            new S3Store.Keys(ACCESS_KEY, SECRET_KEY));
  }

  /** The shared stack with all topics of the contract, for the pool {@code default}; running. */
  public static TestStack shared() {
    // a lock that all class loaders see
    synchronized (Runtime.getRuntime()) {
      String known = System.getProperty(STARTED);
      if (known != null) {
        return new TestStack(Path.of(known), port("broker"), port("controller"), port("store"));
      }
      List<Integer> ports = Ports.free(3);
      TestStack stack = new TestStack(newFolder(), ports.get(0), ports.get(1), ports.get(2));
      stack.start();
      System.setProperty("latentline.testkit.port.broker", ports.get(0).toString());
      System.setProperty("latentline.testkit.port.controller", ports.get(1).toString());
      System.setProperty("latentline.testkit.port.store", ports.get(2).toString());
      System.setProperty(STARTED, stack.folder.toString());
      return stack;
    }
  }

  public String bootstrapServers() {
    return broker.bootstrapServers();
  }

  public String storeUrl() {
    return store.url();
  }

  /** The models that ship with the project; there once the module models is built. */
  public Path models() {
    return Checkout.current().models();
  }

  /** Logs, settings and data. */
  public Path folder() {
    return folder;
  }

  /** What a service is configured with to use this stack. */
  public Map<String, String> configuration() {
    Map<String, String> values = new TreeMap<>();
    values.put("kafka.bootstrap.servers", bootstrapServers());
    values.put("latentline.store.url", storeUrl());
    values.put("latentline.store.access-key", ACCESS_KEY);
    values.put("latentline.store.secret-key", SECRET_KEY);
    values.put("latentline.store.bucket", BUCKET);
    values.put("latentline.models", models().toString());
    return values;
  }

  /** kill -9 of the broker. */
  public void killBroker() {
    kill("broker");
  }

  /** Starts a killed broker on the same folder and port; returns when it serves. */
  public void startBroker() {
    started("broker", broker.startAndAwait(START));
  }

  /** The broker stays there and does not answer. */
  public void freezeBroker() {
    signal("-STOP", "broker");
  }

  public void thawBroker() {
    signal("-CONT", "broker");
  }

  /** kill -9 of the store. */
  public void killStore() {
    kill("store");
  }

  /** Starts a killed store on the same folder and port; returns when it serves. */
  public void startStore() {
    started("store", store.startAndAwait(START));
  }

  /** The store stays there and does not answer. */
  public void freezeStore() {
    signal("-STOP", "store");
  }

  public void thawStore() {
    signal("-CONT", "store");
  }

  private void start() {
    ChildProcess brokerProcess = broker.start();
    ChildProcess storeProcess = store.start();
    started("store", storeProcess.awaitReady(store::serves, START));
    started("broker", brokerProcess.awaitReady(broker::serves, START));
    Topics.create(bootstrapServers(), "default");
  }

  private static void started(String name, ChildProcess process) {
    System.setProperty("latentline.testkit.pid." + name, Long.toString(process.pid()));
  }

  private static void kill(String name) {
    ProcessHandle.of(pid(name))
        .ifPresent(
            process -> {
              process.destroyForcibly();
              process.onExit().join();
            });
  }

  private static void signal(String signal, String name) {
    try {
      int status =
          new ProcessBuilder("kill", signal, Long.toString(pid(name)))
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0) {
        throw new IllegalStateException("kill " + signal + " " + name + ": status " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static int port(String name) {
    return Integer.getInteger("latentline.testkit.port." + name);
  }

  private static long pid(String name) {
    return Long.getLong("latentline.testkit.pid." + name);
  }

  private static Path newFolder() {
    Path target = Path.of("target").toAbsolutePath();
    try {
      Files.createDirectories(target);
      try (Stream<Path> old = Files.list(target)) {
        old.filter(TestStack::isLeftOver).toList().forEach(TestStack::delete);
      }
      return Files.createDirectories(target.resolve("stack-" + ProcessHandle.current().pid()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isLeftOver(Path folder) {
    String name = folder.getFileName().toString();
    return name.matches("stack-[0-9]+")
        && ProcessHandle.of(Long.parseLong(name.substring("stack-".length()))).isEmpty();
  }

  private static void delete(Path folder) {
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
