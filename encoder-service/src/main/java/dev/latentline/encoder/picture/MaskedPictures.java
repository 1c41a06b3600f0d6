package dev.latentline.encoder.picture;

import dev.latentline.contract.Failure;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.catalogue.Vae;
import dev.latentline.inference.lora.ModelPart;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.DenseTensor;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.proto.v1.ModelRef;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What networks that were trained to fill in see behind the latents: a mask, 1 where the picture is
 * made, and the latents of what it leaves of another picture, which is grey where it leaves
 * nothing. Thread-safe.
 *
 * <p>A request names no picture, so all of it is masked, and such a network draws like any other,
 * as in AUTOMATIC1111. The latents of grey are those of the model's own autoencoder, whose
 * convolutions see the picture's edges: they are made once for each model and size. The autoencoder
 * is in memory only while they are.
 */
public final class MaskedPictures {
  /** Of a megapixel each has a third of a megabyte. */
  private static final int KEPT = 64;

  private static final int COLOURS = 3;

  private static final String LATENTS = "latent_sample";

  /**
   * What newer exporters give in their place: the distribution's means, and behind them log
   * variances.
   */
  private static final String DISTRIBUTION = "latent_parameters";

  private final Catalogue catalogue;
  private final SessionSettings settings;

  /** Those used last are kept. */
  private final Map<Grey, FloatTensor> made =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Grey, FloatTensor> eldest) {
          return size() > KEPT;
        }
      };

  /** What decides the latents of grey. */
  private record Grey(
      Map<String, String> sha256,
      double scalingFactor,
      double shiftFactor,
      int width,
      int height) {}

  public MaskedPictures(Catalogue catalogue, SessionSettings settings) {
    this.catalogue = catalogue;
    this.settings = settings;
  }

  /**
   * A picture that is masked as a whole.
   *
   * @param width in pixels
   * @param height in pixels
   * @return [1, 1 + channels, height / f, width / f], latents in the network's scale; empty where
   *     the network sees none
   * @throws Failure.Rejected when this installation does not have the model, or not as its manifest
   *     says, or it does not make pictures of that size
   * @throws dev.latentline.inference.session.RunStoppedException when stop ended it
   */
  public Optional<FloatTensor> allMasked(ModelRef model, int width, int height, RunStop stop) {
    ModelCard card = catalogue.require(model);
    if (!card.unet().inpainting()) {
      return Optional.empty();
    }
    if (!card.limits().allowSize(width, height)) {
      throw new Failure.Rejected(
          "unsupported_request",
          "The picture cannot be made: the model does not make pictures of "
              + width
              + " x "
              + height);
    }
    Vae vae = card.vae();
    Grey grey =
        new Grey(
            card.digestsOf(vae.encoder()), vae.scalingFactor(), vae.shiftFactor(), width, height);
    // whoever waits here would make the same
    synchronized (made) {
      FloatTensor found = made.get(grey);
      if (found == null) {
        found = behindMask(grey(card, width, height, stop), vae);
        made.put(grey, found);
      }
      return Optional.of(found);
    }
  }

  /** Of colours from -1 to 1 grey is 0. */
  private FloatTensor grey(ModelCard card, int width, int height, RunStop stop) {
    ModelPart part = ModelPart.of(card, card.vae().encoder());
    try (ModelSession encoder = part.verified().open(settings)) {
      boolean distributed = encoder.outputs().contains(DISTRIBUTION);
      FloatTensor given =
          encoder.run(
              Map.of("sample", FloatTensor.zeros(1, COLOURS, height, width)),
              distributed ? DISTRIBUTION : LATENTS,
              stop);
      return distributed ? means(given, card) : given;
    }
  }

  /**
   * @param distribution [1, 2 * channels, height, width]
   */
  private static FloatTensor means(FloatTensor distribution, ModelCard card) {
    long[] shape = distribution.shape().clone();
    int channels = card.unet().latentChannels();
    if (shape[1] != 2L * channels) {
      throw new Failure.Rejected(
          "model_unavailable",
          "The model "
              + card.name()
              + " cannot be used: its autoencoder gives "
              + shape[1]
              + " channels of "
              + DISTRIBUTION
              + ", not "
              + 2 * channels);
    }
    shape[1] = channels;
    return new FloatTensor(shape, Arrays.copyOf(distribution.data(), DenseTensor.elements(shape)));
  }

  private static FloatTensor behindMask(FloatTensor latents, Vae vae) {
    long[] shape = latents.shape().clone();
    int plane = Math.toIntExact(shape[2] * shape[3]);
    shape[1]++;
    float[] all = new float[plane + latents.data().length];
    Arrays.fill(all, 0, plane, 1);
    for (int i = 0; i < latents.data().length; i++) {
      all[plane + i] = (float) vae.scaled(latents.data()[i]);
    }
    return new FloatTensor(shape, all);
  }
}
