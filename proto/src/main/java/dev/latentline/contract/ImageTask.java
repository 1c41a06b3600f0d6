package dev.latentline.contract;

/**
 * One picture of a generation: the unit of denoising work and the key of its records.
 *
 * @param index from 0; the picture's seed is the generation's seed plus it
 */
public record ImageTask(String generationId, int index) {
  /** The record key, {@code gen_.../3}. */
  public String key() {
    return generationId + "/" + index;
  }
}
