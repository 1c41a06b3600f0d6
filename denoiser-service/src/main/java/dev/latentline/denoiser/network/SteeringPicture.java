package dev.latentline.denoiser.network;

import dev.latentline.inference.tensor.FloatTensor;

/**
 * A picture that one is to follow. It is held as it came, in 8 bits: a replica has those of all its
 * tasks in its heap, and of 2048 x 2048 pixels one takes 13 MB in place of the 50 MB of what a
 * ControlNet is given.
 *
 * @param height in pixels
 * @param width in pixels
 * @param planes [3, height, width], RGB; not copied
 */
public record SteeringPicture(int height, int width, byte[] planes) {
  public static final int COLOURS = 3;

  private static final float MAX_COLOUR = 255;

  public SteeringPicture {
    if (planes.length != COLOURS * height * width) {
      throw new IllegalArgumentException(
          planes.length + " values are none of " + width + " x " + height);
    }
  }

  /** [1, 3, height, width], RGB in 0..1; made anew each time. */
  FloatTensor colours() {
    float[] colours = new float[planes.length];
    for (int i = 0; i < colours.length; i++) {
      colours[i] = Byte.toUnsignedInt(planes[i]) / MAX_COLOUR;
    }
    return new FloatTensor(new long[] {1, COLOURS, height, width}, colours);
  }
}
