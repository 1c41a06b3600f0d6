package dev.latentline.kit.blob;

import dev.latentline.contract.Failure;
import io.minio.BucketExistsArgs;
import io.minio.GetObjectArgs;
import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.StatObjectArgs;
import io.minio.errors.ErrorResponseException;
import io.minio.errors.MinioException;
import io.minio.messages.Item;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import okhttp3.ConnectionPool;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;

/**
 * Objects in one bucket of an S3 store. The conditional put is S3's {@code If-None-Match: *}. One
 * try per call: see {@link RetryingBlobStore}.
 */
public final class S3BlobStore implements BlobStore, AutoCloseable {
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int PRECONDITION_FAILED = 412;
  private static final int CONFLICT = 409;

  /** The most that S3 lists in one answer. */
  private static final int PAGE = 1000;

  private final OkHttpClient http;
  private final MinioClient client;
  private final String bucket;
  private final PresignedPuts presigned;
  private volatile boolean bucketKnown;

  public S3BlobStore(StoreSettings settings) {
    http =
        new OkHttpClient.Builder()
            .addNetworkInterceptor(S3BlobStore::sendAtOnce)
            .connectTimeout(Duration.ofSeconds(5))
            .readTimeout(Duration.ofSeconds(30))
            .writeTimeout(Duration.ofSeconds(30))
            .callTimeout(Duration.ofSeconds(60))
            .connectionPool(new ConnectionPool(8, 60, java.util.concurrent.TimeUnit.SECONDS))
            .build();
    MinioClient.Builder builder =
        MinioClient.builder().endpoint(settings.url()).region(settings.region()).httpClient(http);
    if (settings.accessKey().isPresent()) {
      builder.credentials(settings.accessKey().get(), settings.secretKey().orElse(""));
    }
    client = builder.build();
    bucket = settings.bucket();
    presigned = new PresignedPuts(client, http, bucket);
  }

  /**
   * A put writes its head and then its body. Unless told otherwise the kernel keeps the body back
   * until the head is acknowledged (RFC 896), which the store's kernel puts off for 40 ms.
   */
  private static Response sendAtOnce(Interceptor.Chain chain) throws IOException {
    chain.connection().socket().setTcpNoDelay(true);
    return chain.proceed(chain.request());
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    calling(
        () ->
            client.putObject(
                PutObjectArgs.builder()
                    .bucket(bucket)
                    .object(key)
                    .contentType(contentType)
                    .data(bytes, bytes.length)
                    .build()));
  }

  @Override
  public void rewrite(String key, byte[] bytes, String contentType) {
    calling(
        () -> {
          int status = presigned.put(key, bytes, contentType);
          if (status != OK) {
            // a bucket that has gone is made by the next call
            bucketKnown = bucketKnown && status != NOT_FOUND;
            throw unavailable("answered " + status, null);
          }
          return null;
        });
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes, String contentType) {
    return calling(
        () -> {
          try {
            client.putObject(
                PutObjectArgs.builder()
                    .bucket(bucket)
                    .object(key)
                    .contentType(contentType)
                    .headers(Map.of("If-None-Match", "*"))
                    .data(bytes, bytes.length)
                    .build());
            return true;
          } catch (ErrorResponseException e) {
            if (status(e) == PRECONDITION_FAILED) {
              return false;
            }
            // S3 answers so when two conditional puts of one key meet: the other one may have won
            if (status(e) == CONFLICT && find(key).isPresent()) {
              return false;
            }
            throw e;
          }
        });
  }

  @Override
  public Optional<byte[]> get(String key) {
    return calling(() -> find(key));
  }

  @Override
  public Optional<byte[]> get(String key, long offset, int length) {
    return calling(
        () ->
            find(
                GetObjectArgs.builder()
                    .bucket(bucket)
                    .object(key)
                    .offset(offset)
                    .length((long) length)
                    .build()));
  }

  private Optional<byte[]> find(String key) throws MinioException, IOException {
    return find(GetObjectArgs.builder().bucket(bucket).object(key).build());
  }

  private Optional<byte[]> find(GetObjectArgs what) throws MinioException, IOException {
    try (InputStream in = client.getObject(what)) {
      return Optional.of(in.readAllBytes());
    } catch (ErrorResponseException e) {
      if (isMissing(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public OptionalLong size(String key) {
    return calling(
        () -> {
          try {
            return OptionalLong.of(
                client
                    .statObject(StatObjectArgs.builder().bucket(bucket).object(key).build())
                    .size());
          } catch (ErrorResponseException e) {
            if (isMissing(e)) {
              return OptionalLong.empty();
            }
            throw e;
          }
        });
  }

  @Override
  public boolean exists(String key) {
    return size(key).isPresent();
  }

  @Override
  public void delete(String key) {
    calling(
        () -> {
          try {
            client.removeObject(RemoveObjectArgs.builder().bucket(bucket).object(key).build());
          } catch (ErrorResponseException e) {
            if (!isMissing(e)) {
              throw e;
            }
          }
          return null;
        });
  }

  @Override
  public List<String> list(String prefix, String after, int max) {
    return calling(() -> keys(listing(prefix, after, Math.min(max, PAGE)), item -> true, max));
  }

  @Override
  public List<String> listOlder(Instant than, String prefix, String after, int max) {
    return calling(
        () ->
            keys(
                listing(prefix, after, PAGE),
                item -> item.lastModified().toInstant().isBefore(than),
                max));
  }

  private ListObjectsArgs listing(String prefix, String after, int page) {
    ListObjectsArgs.Builder listing =
        ListObjectsArgs.builder().bucket(bucket).prefix(prefix).recursive(true).maxKeys(page);
    if (!after.isEmpty()) {
      listing.startAfter(after);
    }
    return listing.build();
  }

  private List<String> keys(ListObjectsArgs listing, Predicate<Item> wanted, int max)
      throws MinioException {
    List<String> keys = new ArrayList<>();
    for (Result<Item> result : client.listObjects(listing)) {
      if (keys.size() == max) {
        break;
      }
      Item item = result.get();
      if (wanted.test(item)) {
        keys.add(item.objectName());
      }
    }
    return keys;
  }

  private interface Call<T> {
    T run() throws MinioException, IOException;
  }

  private <T> T calling(Call<T> call) {
    try {
      requireBucket();
      return call.run();
    } catch (ErrorResponseException e) {
      if ("NoSuchBucket".equals(e.errorResponse().code())) {
        bucketKnown = false;
      }
      throw unavailable("answered " + e.errorResponse().code(), e);
    } catch (MinioException | IOException | IllegalStateException e) {
      // the last is how the client wraps a connection that is refused
      throw unavailable("did not answer", e);
    }
  }

  private void requireBucket() throws MinioException {
    if (bucketKnown) {
      return;
    }
    if (!client.bucketExists(BucketExistsArgs.builder().bucket(bucket).build())) {
      try {
        client.makeBucket(MakeBucketArgs.builder().bucket(bucket).build());
      } catch (ErrorResponseException e) {
        // another replica was quicker
        if (!e.errorResponse().code().startsWith("BucketAlready")) {
          throw e;
        }
      }
    }
    bucketKnown = true;
  }

  private static int status(ErrorResponseException e) {
    return e.response().code();
  }

  private static boolean isMissing(ErrorResponseException e) {
    return "NoSuchKey".equals(e.errorResponse().code());
  }

  private static Failure.Retryable unavailable(String what, Exception cause) {
    return new Failure.Retryable(Failure.STORE_UNAVAILABLE, "the store " + what, cause);
  }

  @Override
  public void close() {
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }
}
