package dev.latentline.gateway.input;

import dev.latentline.contract.Failure;
import dev.latentline.contract.InputIds;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The pictures of tenants in the store, each under the digest of its file. Thread-safe.
 *
 * <p>Every method throws {@link Failure.Retryable} when the store is away.
 */
@Singleton
public class Inputs {
  public static final String CONTENT_TYPE = "image/png";

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final BlobStore store;
  private final Duration patience;

  /**
   * Of pixels that are decoded at once, by all: one picture of the largest size, or many small
   * ones. A pixel takes 9 bytes at most, three of the result and six while its file is written.
   */
  private final Semaphore pixels = new Semaphore(Limits.MAX_INPUT_PIXELS, true);

  @Inject
  Inputs(BlobStore store) {
    this(store, PATIENCE);
  }

  /**
   * @param patience how long a picture waits for others to be decoded
   */
  Inputs(BlobStore store, Duration patience) {
    this.store = store;
    this.patience = patience;
  }

  /**
   * Decodes a picture and stores it as 8-bit RGB, upright, without what else was in its file.
   *
   * @throws UnusablePictureException when it is none, or is too large; before anything is decoded
   *     where the file's header tells
   * @throws Failure.Retryable when too many are being decoded
   * @throws IOException when the file cannot be read from where it lies
   */
  public StoredInput add(String tenant, PictureFile file)
      throws IOException, UnusablePictureException {
    if (file.size() > Limits.MAX_INPUT_BYTES) {
      throw UnusablePictureException.tooLarge(file.size());
    }
    PictureHead head = PictureHead.of(file);
    // a decoder may hold all of a file
    int room = (int) Math.max(file.size(), (long) head.width() * head.height());
    if (!hasRoom(room)) {
      throw new Failure.Retryable("too_many_uploads", "Too many pictures are being read already");
    }
    try {
      RgbPicture picture = read(file, head);
      byte[] png = PlainPng.of(picture);
      String sha256 = Sha256.hex(png);
      store.putIfAbsent(ObjectKeys.input(tenant, sha256), png, CONTENT_TYPE);
      return new StoredInput(sha256, picture.width(), picture.height(), png.length);
    } finally {
      pixels.release(room);
    }
  }

  private boolean hasRoom(int room) {
    try {
      return pixels.tryAcquire(room, patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  static RgbPicture read(PictureFile file, PictureHead head)
      throws IOException, UnusablePictureException {
    try (InputStream in = file.open()) {
      return switch (head.format()) {
        case PNG -> PngReader.read(in);
        case JPEG -> JpegReader.read(in, head);
      };
    }
  }

  /**
   * Where its file is.
   *
   * @param id whatever a client calls it
   */
  public Optional<InputObject> find(String tenant, String id) {
    return key(tenant, id)
        .flatMap(
            key ->
                store.size(key).stream().mapToObj(size -> new InputObject(key, size)).findFirst());
  }

  public boolean exists(String tenant, String id) {
    return key(tenant, id).filter(store::exists).isPresent();
  }

  /**
   * Deletes it.
   *
   * @return whether it was there
   */
  public boolean delete(String tenant, String id) {
    Optional<String> there = key(tenant, id).filter(store::exists);
    there.ifPresent(store::delete);
    return there.isPresent();
  }

  private static Optional<String> key(String tenant, String id) {
    return Optional.of(id)
        .filter(InputIds::isValid)
        .map(valid -> ObjectKeys.input(tenant, InputIds.sha256(valid)));
  }
}
