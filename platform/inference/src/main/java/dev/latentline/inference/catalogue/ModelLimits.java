package dev.latentline.inference.catalogue;

/**
 * What a model can be asked for; narrows {@link dev.latentline.contract.Limits}. Sizes are in
 * pixels.
 *
 * @param sizeMultiple width and height are multiples of it
 * @param maxPixels bounds width x height
 */
public record ModelLimits(
    int minWidth,
    int maxWidth,
    int minHeight,
    int maxHeight,
    int sizeMultiple,
    int maxPixels,
    int maxSteps) {

  /** Whether the model makes pictures of this size. */
  public boolean allowSize(int width, int height) {
    return width >= minWidth
        && width <= maxWidth
        && height >= minHeight
        && height <= maxHeight
        && width % sizeMultiple == 0
        && height % sizeMultiple == 0
        && (long) width * height <= maxPixels;
  }
}
