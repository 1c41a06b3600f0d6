package dev.latentline.decoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.kit.blob.BlobStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.jboss.logging.Logger;

/**
 * Writes a picture and its record once. What is there stays: a picture that was stored may have
 * been seen, so a second attempt reports the first one's.
 */
public final class PictureStore {
  private static final Logger LOG = Logger.getLogger(PictureStore.class);
  private static final String JSON = "application/json";

  private final BlobStore store;

  public PictureStore(BlobStore store) {
    this.store = store;
  }

  /** The key of a picture's file. */
  public static String key(Picture picture) {
    return ObjectKeys.image(
        picture.request().getTenant(),
        picture.task().generationId(),
        picture.index(),
        Picture.EXTENSION);
  }

  /**
   * Stores the picture unless there is one. Any number of calls, at any replicas, have the same
   * end.
   *
   * @return the record of what is in the store, which is not ours where another picture was there
   * @throws Failure.Retryable when the store is away
   */
  public PictureRecord store(Picture picture) {
    String key = key(picture);
    PictureRecord ours = PictureRecord.of(picture);
    PictureRecord stored = ours;
    if (!store.putIfAbsent(key, picture.file(), Picture.CONTENT_TYPE)) {
      byte[] file = read(key);
      if (!Arrays.equals(file, picture.file())) {
        stored = recordOf(file, picture, ours);
        alarm(key, ours, stored);
      }
    }
    String recordKey = recordKey(picture);
    if (!store.putIfAbsent(recordKey, stored.toJson(), JSON)) {
      // of an attempt that may have run elsewhere: its runtime class is told with its picture
      return sameFile(read(recordKey), stored).orElse(stored);
    }
    return stored;
  }

  private static String recordKey(Picture picture) {
    return ObjectKeys.imageRecord(
        picture.request().getTenant(), picture.task().generationId(), picture.index());
  }

  private byte[] read(String key) {
    return store
        .get(key)
        .orElseThrow(
            () ->
                new Failure.Retryable(
                    "store_inconsistent", "an object that exists cannot be read: " + key));
  }

  /** What is known of a file that is there and not ours. */
  private static PictureRecord recordOf(byte[] file, Picture picture, PictureRecord ours) {
    Pixels pixels = pixels(file);
    return new PictureRecord(
        picture.index(),
        picture.seed(),
        pixels.width(),
        pixels.height(),
        Picture.CONTENT_TYPE,
        file.length,
        Sha256.hex(file),
        pixels.sha256(),
        ours.model(),
        ours.upscaler(),
        ours.runtimeClass(),
        ours.safety(),
        ours.parameters());
  }

  private static Pixels pixels(byte[] file) {
    try {
      return PngPixels.of(ImageIO.read(new ByteArrayInputStream(file)));
    } catch (IOException e) {
      throw new Failure.Rejected("foreign_object", "The picture's key holds something else", e);
    }
  }

  private static Optional<PictureRecord> sameFile(byte[] json, PictureRecord stored) {
    try {
      return Optional.of(PictureRecord.fromJson(json))
          .filter(record -> stored.sha256().equals(record.sha256()));
    } catch (IOException e) {
      LOG.errorf("a picture's record is unreadable: %s", e.getClass().getSimpleName());
      return Optional.empty();
    }
  }

  private static void alarm(String key, PictureRecord ours, PictureRecord stored) {
    if (ours.pixelsSha256().equals(stored.pixelsSha256())) {
      LOG.warnf(
          "key=%s holds the same pixels in another file: sha256=%s, made again as %s",
          key, stored.sha256(), ours.sha256());
    } else {
      LOG.errorf(
          "key=%s ALARM the same task gave other pixels: pixels_sha256=%s, made again as %s",
          key, stored.pixelsSha256(), ours.pixelsSha256());
    }
  }
}
