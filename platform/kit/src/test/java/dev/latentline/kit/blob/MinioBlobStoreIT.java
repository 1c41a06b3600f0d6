package dev.latentline.kit.blob;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.Ports;
import dev.latentline.testkit.Patience;
import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real MinIO, where one was built: {@code go install github.com/minio/minio@...}, see .ci/run.
 */
class MinioBlobStoreIT extends BlobStoreConformance {
  private static final String ACCESS_KEY = "minio-test";
  private static final String SECRET_KEY = "minio-test-secret";

  @TempDir static Path folder;
  private static ChildProcess minio;
  private static int port;

  @BeforeAll
  static void start() {
    Optional<Path> binary = binary();
    if (binary.isEmpty()) {
      String skipped = "SKIPPED: there is no MinIO to test against; .ci/run says how to build one";
      System.err.println(skipped);
      abort(skipped);
      return;
    }
    List<Integer> ports = Ports.free(2);
    port = ports.get(0);
    minio =
        ChildProcess.start(
                new ChildProcess.Spec(
                    "minio",
                    List.of(
                        binary.get().toString(),
                        "server",
                        "--address",
                        "127.0.0.1:" + port,
                        "--console-address",
                        "127.0.0.1:" + ports.get(1),
                        folder.resolve("data").toString()),
                    Map.of("MINIO_ROOT_USER", ACCESS_KEY, "MINIO_ROOT_PASSWORD", SECRET_KEY),
                    folder,
                    folder.resolve("minio.log")))
            .awaitReady(MinioBlobStoreIT::serves, Patience.SOON);
  }

  @AfterAll
  static void stop() {
    if (minio != null) {
      minio.stop(Duration.ofSeconds(5));
    }
  }

  @Override
  String url() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  String accessKey() {
    return ACCESS_KEY;
  }

  @Override
  String secretKey() {
    return SECRET_KEY;
  }

  private static Optional<Path> binary() {
    Stream<Path> onPath = Stream.of(System.getenv("PATH").split(File.pathSeparator)).map(Path::of);
    Stream<Path> ofGo = Stream.of(Path.of(System.getProperty("user.home"), "go", "bin"));
    return Stream.concat(onPath, ofGo)
        .map(bin -> bin.resolve("minio"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static boolean serves() {
    try {
      HttpURLConnection live =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + port + "/minio/health/ready")
                  .toURL()
                  .openConnection();
      live.setConnectTimeout(500);
      live.setReadTimeout(500);
      return live.getResponseCode() == HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      return false;
    }
  }
}
