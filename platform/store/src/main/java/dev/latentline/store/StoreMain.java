package dev.latentline.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/**
 * Serves a folder over S3 with signatures checked (version 2 or 4) until the process ends.
 *
 * <p>Arguments: the address to bind, the port, the folder. The key pair comes in the environment
 * ({@code LATENTLINE_STORE_ACCESS_KEY}, {@code LATENTLINE_STORE_SECRET_KEY}), because arguments are
 * seen by every user of the machine.
 */
public final class StoreMain {
  /** What is printed once requests are answered. */
  private static final String READY = "store ready";

  private StoreMain() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 3) {
      System.err.println("usage: StoreMain ADDRESS PORT FOLDER");
      System.exit(2);
    }
    S3Proxy store =
        S3Proxy.builder()
            .blobStore(new FilesystemNio2BlobStore(folder(args[2]).toString()))
            .endpoint(URI.create("http://" + args[0] + ":" + args[1]))
            .awsAuthentication(
                AuthenticationType.AWS_V2_OR_V4,
                environment("LATENTLINE_STORE_ACCESS_KEY"),
                environment("LATENTLINE_STORE_SECRET_KEY"))
            .ignoreUnknownHeaders(true)
            .build();
    store.start();
    System.out.println(READY + " on port " + store.getPort());
  }

  private static Path folder(String name) throws IOException {
    return Files.createDirectories(Path.of(name)).toRealPath();
  }

  private static String environment(String name) {
    String value = System.getenv(name);
    if (value == null || value.isBlank()) {
      System.err.println("the environment variable " + name + " is not set");
      System.exit(2);
    }
    return value;
  }
}
