package dev.latentline.local.stack;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** The readiness of a service on this machine. */
public final class Health {
  private static final int MILLIS = 1000;

  private Health() {}

  /** Whether GET /q/health/ready answers 200 within a second. */
  public static boolean isReady(int port) {
    return answer(port) == HttpURLConnection.HTTP_OK;
  }

  /** ready, not ready, or no answer. */
  public static String describe(int port) {
    return switch (answer(port)) {
      case HttpURLConnection.HTTP_OK -> "ready";
      case 0 -> "no answer";
      default -> "not ready";
    };
  }

  private static int answer(int port) {
    try {
      HttpURLConnection request =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + port + "/q/health/ready").toURL().openConnection();
      request.setConnectTimeout(MILLIS);
      request.setReadTimeout(MILLIS);
      try {
        return request.getResponseCode();
      } finally {
        request.disconnect();
      }
    } catch (IOException e) {
      return 0;
    }
  }
}
