package dev.latentline.kit.blob;

import io.minio.GetPresignedObjectUrlArgs;
import io.minio.Http;
import io.minio.MinioClient;
import io.minio.errors.MinioException;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Puts of few objects that are written again and again: signed once for each (AWS Signature Version
 * 4, query parameters) in place of at every call, with a digest of the body and a change of
 * threads. That is about half of what a put costs here. Thread-safe.
 */
final class PresignedPuts {
  private static final Duration VALID = Duration.ofHours(2);

  /** Long before it ends, so that clocks may differ. */
  private static final Duration RENEWED = Duration.ofHours(1);

  /** More than a replica works at. */
  private static final int MAX_KEYS = 128;

  private final MinioClient client;
  private final OkHttpClient http;
  private final String bucket;
  private final Map<String, Signed> byKey =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Signed> eldest) {
          return size() > MAX_KEYS;
        }
      };

  /** Not for logs: whoever has the address may write the object. */
  private record Signed(String url, long atNanos) {
    boolean fresh() {
      return System.nanoTime() - atNanos < RENEWED.toNanos();
    }
  }

  PresignedPuts(MinioClient client, OkHttpClient http, String bucket) {
    this.client = client;
    this.http = http;
    this.bucket = bucket;
  }

  /** The store's answer, an HTTP status. */
  int put(String key, byte[] bytes, String contentType) throws MinioException, IOException {
    Request request =
        new Request.Builder()
            .url(url(key))
            .put(RequestBody.create(bytes, MediaType.get(contentType)))
            .build();
    try (Response response = http.newCall(request).execute()) {
      return response.code();
    }
  }

  private synchronized String url(String key) throws MinioException {
    Signed known = byKey.get(key);
    if (known == null || !known.fresh()) {
      known = new Signed(sign(key), System.nanoTime());
      byKey.put(key, known);
    }
    return known.url();
  }

  private String sign(String key) throws MinioException {
    return client.getPresignedObjectUrl(
        GetPresignedObjectUrlArgs.builder()
            .method(Http.Method.PUT)
            .bucket(bucket)
            .object(key)
            .expiry((int) VALID.toSeconds())
            .build());
  }
}
