package dev.latentline.embedded;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs in the broker's process, with the broker's jars: formats the storage when it is new, then
 * starts Kafka. One process for both, because a JVM with Kafka's classes takes over a second.
 *
 * <p>Arguments: server.properties, the data folder, the cluster id for a new one.
 */
public final class BrokerMain {
  private BrokerMain() {}

  public static void main(String[] args) throws ReflectiveOperationException {
    String settings = args[0];
    if (!Files.exists(Path.of(args[1], "meta.properties"))) {
      String[] format = {
        "format", "--standalone", "--ignore-formatted", "-t", args[2], "-c", settings
      };
      Object status =
          Class.forName("kafka.tools.StorageTool")
              .getMethod("execute", String[].class, PrintStream.class)
              .invoke(null, format, System.out);
      if (!Integer.valueOf(0).equals(status)) {
        System.exit(1);
      }
    }
    Class.forName("kafka.Kafka")
        .getMethod("main", String[].class)
        .invoke(null, (Object) new String[] {settings});
  }
}
