package dev.latentline.denoiser.network;

import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.session.Device;
import dev.latentline.inference.session.OutOfDeviceMemoryException;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.tensor.FloatTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Runs a network once with every batch that it will be asked for, before there are pictures that
 * would wait for it: a GPU's first run of a size loads kernels, chooses algorithms and takes its
 * memory, and it tells whether that suffices.
 *
 * <p>On a CPU for which no batch sizes are set nothing is run. There is nothing to compile and
 * little to allocate, and one step of a large model takes seconds.
 */
final class WarmUp {
  private static final Logger LOG = Logger.getLogger(WarmUp.class);

  /** Without batch sizes: a picture without guidance, and one with it. */
  private static final List<Integer> OF_ONE_PICTURE = List.of(1, 2);

  private static final String SMALLER_BATCHES =
      "batches are smaller; set latentline.inference.batch-sizes to less, or give"
          + " latentline.inference.gpu-memory more";

  /** In the step loop, which then makes smaller ones of those that may have any size. */
  private static final String CALLS_THAT_FAIL =
      "such calls will fail, and with them every picture that is always computed in the largest"
          + " batch; set latentline.inference.batch-sizes to less, or give"
          + " latentline.inference.gpu-memory more";

  private static final String NO_GUIDANCE =
      "pictures with guidance will fail; give latentline.inference.gpu-memory more";

  private final Device device;

  WarmUp(Device device) {
    this.device = device;
  }

  /**
   * Runs a network of the start at the model's default size.
   *
   * @return the sizes that the device has memory for
   * @throws OutOfDeviceMemoryException when it has none for the smallest
   */
  BatchSizes fitting(ModelCard model, NoisePredictor network, BatchSizes sizes) {
    return run(model, network, sizes, SMALLER_BATCHES);
  }

  /**
   * Runs a network that is loaded later at the model's default size. All sizes stay, as pictures of
   * other networks are being computed in them.
   *
   * @throws OutOfDeviceMemoryException when the device has no memory for the smallest
   */
  void later(ModelCard model, NoisePredictor network, BatchSizes sizes) {
    run(model, network, sizes, CALLS_THAT_FAIL);
  }

  /**
   * @param ofShared what it means that a size of several pictures does not fit
   */
  private BatchSizes run(
      ModelCard model, NoisePredictor network, BatchSizes sizes, String ofShared) {
    List<Integer> done = new ArrayList<>();
    BatchSizes fitting = sizes;
    long began = System.nanoTime();
    for (int rows : wanted(sizes)) {
      try {
        network.predict(List.of(call(model, rows)), new RunStop());
      } catch (OutOfDeviceMemoryException e) {
        String what =
            String.format(
                "%s has no memory for %d rows of the model %s at %d x %d",
                device, rows, model.name(), model.defaults().width(), model.defaults().height());
        if (done.isEmpty()) {
          throw new OutOfDeviceMemoryException(
              what
                  + ", the smallest batch: give latentline.inference.gpu-memory more, have fewer"
                  + " models in the pool, or set smaller latentline.inference.batch-sizes",
              e);
        }
        LOG.warnf("%s: %s", what, sizes.shared() ? ofShared : NO_GUIDANCE);
        fitting = sizes.upTo(rows - 1);
        break;
      }
      done.add(rows);
    }
    if (!done.isEmpty()) {
      LOG.infof(
          "model=%s has run with batches of %s rows, %d ms",
          model.name(), done, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    }
    return fitting;
  }

  private List<Integer> wanted(BatchSizes sizes) {
    if (sizes.shared()) {
      return sizes.all();
    }
    return device.isCuda() ? OF_ONE_PICTURE : List.of();
  }

  /** Of one picture, with a text of the usual length. */
  private static NetworkCall call(ModelCard model, int rows) {
    int scale = model.vae().scaleFactor();
    FloatTensor input =
        FloatTensor.zeros(
            1,
            model.unet().inputChannels(),
            model.defaults().height() / scale,
            model.defaults().width() / scale);
    Map<String, FloatTensor> added = new HashMap<>();
    if (model.unet().textEmbeds()) {
      added.put(AddedInputs.TEXT_EMBEDS, FloatTensor.zeros(rows, model.pooledSize()));
    }
    if (model.unet().timeIds() > 0) {
      added.put(AddedInputs.TIME_IDS, FloatTensor.zeros(rows, model.unet().timeIds()));
    }
    if (model.unet().guidanceSize() > 0) {
      added.put(AddedInputs.TIMESTEP_COND, FloatTensor.zeros(rows, model.unet().guidanceSize()));
    }
    if (model.unet().guidance()) {
      added.put(AddedInputs.GUIDANCE, FloatTensor.zeros(rows));
    }
    FloatTensor contexts = FloatTensor.zeros(rows, model.maxTokens(), model.unet().contextSize());
    return new NetworkCall(input, 0, contexts, Optional.of(new AddedInputs(added)), false);
  }
}
