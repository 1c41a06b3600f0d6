package dev.latentline.embedded;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * An S3 store on a folder: start and the question whether it serves.
 *
 * @param folder a bucket is a folder in it
 * @param port on the loopback
 * @param keys what requests must be signed with
 */
public record S3Store(Checkout checkout, Path folder, Path log, int port, Keys keys) {
  private static final int HEAP_MEGABYTES = 192;
  private static final int PROBE_MILLIS = 1000;

  /** A key pair; shows only the public half. */
  public record Keys(String accessKey, String secretKey) {
    @Override
    public String toString() {
      return accessKey;
    }
  }

  /** What clients connect to. */
  public String url() {
    return "http://127.0.0.1:" + port;
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
    List<String> command =
        java.light(HEAP_MEGABYTES)
            .classpath(checkout.storeJar().toString(), checkout.storeJars() + "/*")
            .main(
                "dev.latentline.store.StoreMain",
                "127.0.0.1",
                Integer.toString(port),
                folder.toString());
    Map<String, String> environment =
        Map.of(
            "LATENTLINE_STORE_ACCESS_KEY", keys.accessKey(),
            "LATENTLINE_STORE_SECRET_KEY", keys.secretKey());
    return ChildProcess.start(new ChildProcess.Spec("store", command, environment, folder, log));
  }

  /** Starts it and waits until it serves. */
  public ChildProcess startAndAwait(Duration atMost) {
    return start().awaitReady(this::serves, atMost);
  }

  /** Whether it refuses what is not signed: nothing else that listens there would say so. */
  public boolean serves() {
    return serves(port);
  }

  /** As {@link #serves()}, of any store on the loopback. */
  public static boolean serves(int port) {
    try {
      HttpURLConnection request =
          (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/").toURL().openConnection();
      request.setConnectTimeout(PROBE_MILLIS);
      request.setReadTimeout(PROBE_MILLIS);
      try {
        return request.getResponseCode() == HttpURLConnection.HTTP_FORBIDDEN;
      } finally {
        request.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }
}
