package dev.latentline.encoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.contract.ObjectKeys;
import dev.latentline.contract.Preprocessor;
import dev.latentline.contract.Sha256;
import dev.latentline.inference.tensor.TensorRecords;
import dev.latentline.kit.blob.BlobStore;
import dev.latentline.proto.v1.ControlPicture;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.Tensor;
import jakarta.enterprise.context.ApplicationScoped;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The pictures that a request's ControlNets see: those that the client sent, cut in the middle to
 * the shape of the picture that is made, and resized to it.
 */
@ApplicationScoped
public class ControlPictures {
  private final BlobStore store;

  ControlPictures(BlobStore store) {
    this.store = store;
  }

  /**
   * One for each of the request's controls, [1, 3, height, width], uint8.
   *
   * @throws Failure.Rejected with code {@code input_missing} when one was deleted, or {@code
   *     invalid_input} when it is none that the gateway wrote
   * @throws Failure.Retryable when the store is away, or the picture is not the one that was put
   *     there (code {@code artifact_altered})
   */
  public List<Tensor> of(GenerationRequest request) {
    return request.getControlsList().stream()
        .map(control -> seen(request, control))
        .map(
            seen ->
                TensorRecords.toUint8(
                    seen.planes(), 1, Rgb.COLOURS, request.getHeight(), request.getWidth()))
        .toList();
  }

  private Rgb seen(GenerationRequest request, ControlPicture control) {
    Rgb fitted =
        fitted(
            decoded(read(request.getTenant(), control.getInput())),
            request.getWidth(),
            request.getHeight());
    Preprocessor preprocessor =
        control.getPreprocessor().isEmpty()
            ? Preprocessor.NONE
            : Preprocessor.byId(control.getPreprocessor())
                .orElseThrow(
                    () ->
                        new Failure.Rejected(
                            "unsupported_request",
                            "The picture cannot be made: the preprocessor is not known here"));
    return switch (preprocessor) {
      case NONE -> fitted;
      case CANNY -> Canny.edges(fitted);
    };
  }

  private byte[] read(String tenant, String sha256) {
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

  /** What lies in the middle of it, of that shape and size. */
  static Rgb fitted(Rgb picture, int width, int height) {
    long wide = (long) picture.width() * height;
    long high = (long) picture.height() * width;
    int cutWidth =
        wide > high ? (int) Math.max(1, Math.rint((double) high / height)) : picture.width();
    int cutHeight =
        high > wide ? (int) Math.max(1, Math.rint((double) wide / width)) : picture.height();
    Rgb cut =
        picture.cut(
            (picture.width() - cutWidth) / 2,
            (picture.height() - cutHeight) / 2,
            cutWidth,
            cutHeight);
    return Lanczos.resize(cut, width, height);
  }
}
