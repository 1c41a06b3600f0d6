package dev.latentline.encoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Sha256;
import dev.latentline.kit.blob.BlobStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** The pictures that clients sent, as the gateway stored them. */
@ApplicationScoped
public class InputPictures {
  private final BlobStore store;

  InputPictures(BlobStore store) {
    this.store = store;
  }

  /**
   * @param sha256 of the stored PNG, in lower-case hex
   * @throws Failure.Rejected with code {@code input_missing} when it was deleted, or {@code
   *     invalid_input} when it is none that the gateway wrote
   * @throws Failure.Retryable when the store is away, or the picture is not the one that was put
   *     there (code {@code artifact_altered})
   */
  Rgb read(String tenant, String sha256) {
    return decoded(bytes(tenant, sha256));
  }

  private byte[] bytes(String tenant, String sha256) {
    byte[] bytes =
        store
            .get(ObjectKeys.input(tenant, sha256))
            .orElseThrow(
                () ->
                    new Failure.Rejected(
                        "input_missing", "A picture that was sent is not in the store any more"));
    if (!Sha256.hex(bytes).equals(sha256)) {
      throw new Failure.Retryable(
          "artifact_altered", "A picture in the store is not the one that was put there");
    }
    return bytes;
  }

  static Rgb decoded(byte[] png) {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(png))) {
      reader.setInput(in, true, true);
      int width = reader.getWidth(0);
      int height = reader.getHeight(0);
      if ((long) width * height > Limits.MAX_INPUT_PIXELS) {
        throw new Failure.Rejected("invalid_input", "A picture that was sent is too large");
      }
      return rgb(reader.read(0));
    } catch (IOException | RuntimeException e) {
      if (e instanceof Failure.Rejected known) {
        throw known;
      }
      throw new Failure.Rejected("invalid_input", "A picture that was sent is no PNG", e);
    } finally {
      reader.dispose();
    }
  }

  private static Rgb rgb(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] row = new int[width];
    byte[] data = new byte[Rgb.COLOURS * width * height];
    int at = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int pixel : row) {
        data[at++] = (byte) (pixel >> 16);
        data[at++] = (byte) (pixel >> 8);
        data[at++] = (byte) pixel;
      }
    }
    return new Rgb(width, height, data);
  }
}
