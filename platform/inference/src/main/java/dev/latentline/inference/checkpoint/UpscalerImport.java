package dev.latentline.inference.checkpoint;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ManifestProblems;
import dev.latentline.inference.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Makes an upscaler of the catalogue from one of ESRGAN's class (RRDBNet), in the layouts of
 * BasicSR ({@code body.0.rdb1.conv1}), ESRGAN's first files ({@code model.1.sub.0.RDB1.conv1.0})
 * and its repository ({@code RRDB_trunk.0.RDB1.conv1}).
 */
final class UpscalerImport {
  private static final Pattern BLOCK =
      Pattern.compile(
          "(?:params\\.|params_ema\\.)?(?:body|RRDB_trunk|model\\.1\\.sub)\\.\\d+"
              + "\\.(?:rdb|RDB)1\\.conv1\\.(?:0\\.)?weight");

  private static final Pattern FIRST_LAYER =
      Pattern.compile("(?:(?:params\\.|params_ema\\.)?conv_first|model\\.0)\\.weight");

  /** Of ESRGAN's first files: the layers before and behind the blocks. */
  private static final Pattern OUTER_LAYER = Pattern.compile("model\\.\\d+\\.weight");

  /** What a sequence has besides those that double the sides: one before, two behind. */
  private static final int OTHER_OUTER_LAYERS = 3;

  /** Trainers write both; the average is the one to use. */
  private static final String AVERAGED = "params_ema.";

  private static final String NOT_AVERAGED = "params.";
  private static final int RGB = 3;

  /** How often the network doubles the sides of what it sees. */
  private static final int DOUBLINGS = 2;

  private final ImportOrder order;
  private final Consumer<String> notes;

  UpscalerImport(ImportOrder order, Consumer<String> notes) {
    this.order = order;
    this.notes = notes;
  }

  /** Whether a file with such tensors is one, of whatever size. */
  static boolean isOne(Map<String, StoredTensor> tensors) {
    return matching(tensors, BLOCK).findAny().isPresent();
  }

  /**
   * @param files whose tensors are such an upscaler's
   * @return the upscaler's folder
   * @throws RefusedCheckpointException when it is none that can be used, or there is no room for it
   */
  Path write(CheckpointFiles files) throws IOException {
    if (order.vae().isPresent() || order.prediction().isPresent()) {
      throw new RefusedCheckpointException(
          "it is an upscaler, which has neither an autoencoder nor a prediction: leave them out");
    }
    Placement placement =
        Placement.of(order.models().resolve(Catalogue.UPSCALERS), order, "an upscaler");
    placement.requireFree();
    Fit fit = recognise(files);
    notes.accept("it is an upscaler: " + fit.template().title());
    return placement.make(
        made -> {
          ModelFolder folder = new ModelFolder(made, fit, Map.of());
          folder.requireRoom("the upscaler");
          folder.write(CheckpointImport.manifest(order, files, fit.template()), notes);
          return ManifestProblems.ofUpscaler(made);
        });
  }

  private Fit recognise(CheckpointFiles files) throws IOException {
    String name = String.valueOf(order.checkpoint().getFileName());
    Map<String, StoredTensor> tensors = files.networkTensors();
    List<Path> folders =
        order.templates().stream()
            .map(folder -> folder.resolve(Catalogue.UPSCALERS))
            .filter(Files::isDirectory)
            .toList();
    List<Fit> fits =
        Template.in(folders).stream().map(template -> Fit.of(template, files)).toList();
    // fewer blocks are there as well where more are
    Optional<Fit> complete =
        fits.stream().filter(Fit::isComplete).max(Comparator.comparingInt(Fit::networkWeights));
    if (complete.isPresent()) {
      requireNothingMore(name, complete.get(), files);
      return complete.get();
    }
    long scale = scale(tensors);
    Fit nearest =
        fits.stream()
            .filter(fit -> fit.template().manifest().path("scale").asLong() == scale)
            .max(Comparator.comparingInt(Fit::networkWeights))
            .filter(Fit::isLikely)
            .orElseThrow(
                () ->
                    new RefusedCheckpointException(
                        name
                            + " is "
                            + described(tensors, scale)
                            + ", which there is no graph template for ("
                            + String.join(
                                "; ", fits.stream().map(fit -> fit.template().title()).toList())
                            + "); models/export makes one for 2 or 4 times as large"));
    throw new RefusedCheckpointException(
        name + " looks like " + nearest.template().title() + ", but " + nearest.problems());
  }

  private static void requireNothingMore(String name, Fit fit, CheckpointFiles files) {
    boolean averaged =
        files.networkTensors().keySet().stream().anyMatch(each -> each.startsWith(AVERAGED));
    List<String> more =
        fit.unread(files).stream()
            .filter(each -> !(averaged && each.startsWith(NOT_AVERAGED)))
            .toList();
    fit.requireNothingMore(name, more);
  }

  /** How many times as large the picture gets: a power of 2; 0 where nothing tells. */
  private static long scale(Map<String, StoredTensor> tensors) {
    long outer = matching(tensors, OUTER_LAYER).count();
    long doublings = outer == 0 ? DOUBLINGS : Math.max(0, outer - OTHER_OUTER_LAYERS);
    // so many by so many pixels are seen as one
    double seen = Math.sqrt((double) size(tensors, FIRST_LAYER, 1) / RGB);
    return Math.round((1L << Math.min(doublings, Byte.SIZE)) / Math.max(1, seen));
  }

  private static String described(Map<String, StoredTensor> tensors, long scale) {
    return "an upscaler of ESRGAN's class, "
        + scale
        + " times as large, of "
        + matching(tensors, BLOCK).count()
        + " blocks, "
        + size(tensors, FIRST_LAYER, 0)
        + " features and "
        + size(tensors, BLOCK, 0)
        + " growth channels";
  }

  /** A side of a convolution; 0 where there is none. */
  private static long size(Map<String, StoredTensor> tensors, Pattern layer, int side) {
    return matching(tensors, layer)
        .filter(tensor -> tensor.shape().size() == 4)
        .findFirst()
        .map(tensor -> tensor.shape().get(side))
        .orElse(0L);
  }

  private static Stream<StoredTensor> matching(Map<String, StoredTensor> tensors, Pattern name) {
    return tensors.values().stream().filter(tensor -> name.matcher(tensor.name()).matches());
  }
}
