package dev.latentline.decoder;

import dev.latentline.decoder.pixels.Pixels;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.GenerationRequest;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.Upscale;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * A red apple on white: what the denoiser made of the starter's defaults, prompt "a red apple" and
 * seed 7, as 1024 little-endian floats.
 */
public final class Apple {
  private static final int SIDE = 16;

  private Apple() {}

  public static Path catalogueFolder() {
    return Path.of(System.getProperty("latentline.home")).resolve("models/target/catalogue");
  }

  public static GenerationRequest.Builder request() {
    ModelCard card = Catalogue.open(catalogueFolder()).find("starter").orElseThrow();
    return GenerationRequest.newBuilder()
        .setGenerationId("gen_0193a5b2c4d87e1f9a0b1c2d3e4f5a6b")
        .setTenant("default")
        .setModel(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest()))
        .setPool("default")
        .setPrompt("a red apple")
        .setSeed(7)
        .setSteps(25)
        .setGuidanceScale(3)
        .setSampler("ddim")
        .setSchedule("normal")
        .setWidth(8 * SIDE)
        .setHeight(8 * SIDE)
        .setCount(1)
        .setOutputFormat("png");
  }

  /** With an upscale by the upscaler that ships. */
  public static GenerationRequest upscaled(int factor) {
    UpscalerCard card = Catalogue.open(catalogueFolder()).upscaler(factor).orElseThrow();
    return request()
        .setUpscale(
            Upscale.newBuilder()
                .setFactor(factor)
                .setUpscaler(ModelRef.newBuilder().setName(card.name()).setDigest(card.digest())))
        .build();
  }

  /** A picture of the README. */
  public static Pixels picture(String name) throws IOException {
    Path home = Path.of(System.getProperty("latentline.home"));
    return pixels(ImageIO.read(home.resolve("docs/pictures").resolve(name + ".png").toFile()));
  }

  /** A castle, which stays as it is when the README gets other pictures. */
  public static Pixels castle() throws IOException {
    return pixels(ImageIO.read(Apple.class.getResource("castle.png")));
  }

  private static Pixels pixels(BufferedImage image) {
    byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
    image.getRaster().getDataElements(0, 0, image.getWidth(), image.getHeight(), rgb);
    return new Pixels(image.getWidth(), image.getHeight(), rgb);
  }

  public static FloatTensor latents() {
    float[] values = new float[4 * SIDE * SIDE];
    try (InputStream in = Apple.class.getResourceAsStream("apple-latents.f32")) {
      ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new FloatTensor(new long[] {1, 4, SIDE, SIDE}, values);
  }
}
