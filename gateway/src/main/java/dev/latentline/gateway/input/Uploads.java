package dev.latentline.gateway.input;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.gateway.access.TenantPlaces;
import jakarta.inject.Singleton;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Pictures on their way here: a bounded number at once, each in a file of the temporary folder
 * until it has been read. Thread-safe.
 */
@Singleton
public class Uploads {
  private final Inputs inputs;
  private final TenantPlaces places;
  private final Duration time;

  Uploads(Inputs inputs, InputSettings settings) {
    this.inputs = inputs;
    this.places =
        new TenantPlaces(
            "latentline.inputs.max-uploads", settings.maxUploads(), settings.maxUploadsPerTenant());
    this.time = settings.uploadTime();
  }

  /** How long a body may take to come in. */
  public Duration time() {
    return time;
  }

  /**
   * Reads a form and stores its picture.
   *
   * @param contentType the form's, with its boundary
   * @throws BrokenUploadException when the body ends before it is whole, or is too long
   * @throws UnusablePictureException when it is no form, or the picture is none that is taken
   * @throws Failure.Retryable when too many come in, or the store is away
   * @throws IOException when the temporary folder is full or gone
   */
  public StoredInput add(String tenant, InputStream body, String contentType)
      throws IOException, UnusablePictureException, BrokenUploadException {
    if (!places.take(tenant)) {
      throw new Failure.Retryable("too_many_uploads", "Too many pictures are being sent already");
    }
    try {
      Path file = Files.createTempFile("latentline-input-", "");
      try {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
          PictureForm.read(new BufferedInputStream(new Body(body)), contentType, out);
        }
        return inputs.add(tenant, new Received(file));
      } catch (Body.CutException e) {
        throw new BrokenUploadException(e.tooLong);
      } finally {
        Files.delete(file);
      }
    } finally {
      places.giveBack(tenant);
    }
  }

  private record Received(Path file) implements PictureFile {
    @Override
    public long size() throws IOException {
      return Files.size(file);
    }

    @Override
    public InputStream open() throws IOException {
      return new BufferedInputStream(Files.newInputStream(file));
    }
  }

  /** Tells failures of the connection, and its client's, from those of files here. */
  private static final class Body extends InputStream {
    private final InputStream in;
    private long left = Limits.MAX_UPLOAD_BYTES;

    Body(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int count;
      try {
        count = in.read(to, offset, length);
      } catch (IOException e) {
        throw new CutException(false);
      }
      left -= Math.max(0, count);
      if (left < 0) {
        throw new CutException(true);
      }
      return count;
    }

    private static final class CutException extends IOException {
      private final boolean tooLong;

      CutException(boolean tooLong) {
        this.tooLong = tooLong;
      }
    }
  }
}
