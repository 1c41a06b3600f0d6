package dev.latentline.embedded;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A Kafka broker that is its own controller, for one machine: settings, start and the question
 * whether it serves. What it was told survives kill -9 and a restart on the same folder.
 *
 * @param folder holds its settings and all its data
 * @param port for clients, on the loopback
 * @param controllerPort for itself, on the loopback
 */
public record KafkaBroker(Checkout checkout, Path folder, Path log, int port, int controllerPort) {
  private static final int HEAP_MEGABYTES = 512;
  private static final short METADATA_REQUEST = 3;
  private static final short METADATA_VERSION = 1;

  /** What clients connect to. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  /** Starts it; it serves once {@link #serves()}. */
  public ChildProcess start() {
    return start(new JavaCommand());
  }

  /** As {@link #start()}, faster where the archive has been written by an earlier one. */
  public ChildProcess start(ClassArchive archive) {
    return start(new JavaCommand().archive(archive));
  }

  private ChildProcess start(JavaCommand java) {
    Path data = folder.resolve("data");
    Path settings = folder.resolve("server.properties");
    try {
      Files.createDirectories(data);
      Files.write(settings, settings(data));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write settings to " + folder + ": " + e, e);
    }
    List<String> command =
        java.light(HEAP_MEGABYTES)
            .options(
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
                "-Dorg.slf4j.simpleLogger.showThreadName=false",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=error")
            .classpath(checkout.brokerJars() + "/*")
            .main(BrokerMain.class.getName(), settings.toString(), data.toString(), clusterId());
    return ChildProcess.start(new ChildProcess.Spec("broker", command, Map.of(), folder, log));
  }

  /** Starts it and waits until it serves. */
  public ChildProcess startAndAwait(Duration atMost) {
    return start().awaitReady(this::serves, atMost);
  }

  /**
   * Whether it answers clients and takes part in its own cluster: a Metadata request names at least
   * one broker, which it does not before the controller lets it in.
   */
  public boolean serves() {
    return serves(port);
  }

  /** As {@link #serves()}, of any broker on the loopback. */
  public static boolean serves(int port) {
    try (Socket socket = Ports.connect(port)) {
      ByteBuffer request = ByteBuffer.allocate(18);
      request.putInt(14); // the length of what follows
      request.putShort(METADATA_REQUEST).putShort(METADATA_VERSION);
      request.putInt(1); // correlation id
      request.putShort((short) -1); // no client id
      request.putInt(0); // no topics
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.write(request.array());
      out.flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      in.readInt(); // length
      in.readInt(); // correlation id
      return in.readInt() > 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** The lines of its server.properties; the container stack has the same but for addresses. */
  public List<String> settings(Path data) {
    return List.of(
        "process.roles=broker,controller",
        "node.id=1",
        "controller.quorum.bootstrap.servers=127.0.0.1:" + controllerPort,
        "controller.listener.names=CONTROLLER",
        "inter.broker.listener.name=PLAINTEXT",
        "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort,
        "advertised.listeners=PLAINTEXT://127.0.0.1:"
            + port
            + ",CONTROLLER://127.0.0.1:"
            + controllerPort,
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs=" + data,
        "auto.create.topics.enable=false",
        "num.network.threads=2",
        "num.io.threads=4",
        "log.cleaner.dedupe.buffer.size=16777216",
        "message.max.bytes=8388608",
        // one broker holds the only copy
        "min.insync.replicas=1",
        // records that say nothing, written to tell that the controller lives: twice a second else
        "metadata.max.idle.interval.ms=5000",
        "offsets.topic.replication.factor=1",
        "offsets.topic.num.partitions=8",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "transaction.state.log.num.partitions=4",
        "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1",
        "share.coordinator.state.topic.num.partitions=8",
        "group.initial.rebalance.delay.ms=0",
        // long tasks and many workers; short locks are for tests
        "group.share.min.record.lock.duration.ms=1000",
        // a new member gets its share at its first heartbeat; by default at the next one but one
        "group.share.assignment.interval.ms=0",
        "group.share.assignor.offload.enable=false",
        "group.share.min.heartbeat.interval.ms=500",
        "group.share.heartbeat.interval.ms=2000",
        "group.share.max.record.lock.duration.ms=3600000",
        "group.share.max.size=1000",
        // records of a queue from the oldest unfinished one to the newest taken one
        "group.share.max.partition.max.record.locks=10000",
        // a killed worker keeps its partitions until its session ends: 45 s by default, after a
        // restart of the broker anew
        "group.share.min.session.timeout.ms=2000",
        "group.share.session.timeout.ms=6000",
        "group.consumer.min.session.timeout.ms=2000",
        "group.consumer.session.timeout.ms=6000",
        "group.consumer.min.heartbeat.interval.ms=500",
        "group.consumer.heartbeat.interval.ms=1500",
        "group.min.session.timeout.ms=2000",
        "errors.deadletterqueue.auto.create.topics.enable=true");
  }

  /** Kafka's form of a random UUID; used only where the folder is new. */
  private static String clusterId() {
    UUID random = UUID.randomUUID();
    byte[] bytes =
        ByteBuffer.allocate(16)
            .putLong(random.getMostSignificantBits())
            .putLong(random.getLeastSignificantBits())
            .array();
    // an argument that begins with a dash would be read as an option
    String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    return id.startsWith("-") ? clusterId() : id;
  }
}
