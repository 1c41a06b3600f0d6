package dev.latentline.inference.checkpoint;

import dev.latentline.inference.checkpoint.CheckpointFiles.Located;
import dev.latentline.inference.checkpoint.WeightPlace.Source;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.safetensors.StoredType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A checkpoint held against a template.
 *
 * @param found by part and weight; without optional parts of which the checkpoint has nothing
 * @param missing weights that no known source has, as part/weight
 * @param misshapen weights whose source has another shape or type, each with both
 * @param networkWeights how many of the denoising network's weights are there in their shape,
 *     whatever their type: tells a family
 */
record Fit(
    Template template,
    Map<String, Map<String, Taken>> found,
    List<String> missing,
    List<String> misshapen,
    int networkWeights) {
  private static final int SHOWN = 5;

  /** Of the denoising network's tensors in the original layout. */
  private static final String NETWORK_PREFIX = "model.diffusion_model.";

  /**
   * Where a weight is taken from.
   *
   * @param located empty where it is the identity
   */
  record Taken(Optional<Located> located, Source source, WeightPlace place) {
    StoredType type() {
      return located.map(found -> found.tensor().type()).orElse(StoredType.F32);
    }
  }

  static Fit of(Template template, CheckpointFiles files) {
    Map<String, Map<String, Taken>> found = new TreeMap<>();
    List<String> missing = new ArrayList<>();
    List<String> misshapen = new ArrayList<>();
    template
        .parts()
        .forEach(
            (part, weights) -> {
              if (template.optional().contains(part)
                  && weights.values().stream()
                      .allMatch(place -> taken(files, part, place).isEmpty())) {
                return;
              }
              Map<String, Taken> ofPart = new TreeMap<>();
              List<WeightPlace> lacking = new ArrayList<>();
              found.put(part, ofPart);
              weights.forEach(
                  (name, place) -> {
                    Optional<Taken> taken = taken(files, part, place);
                    if (taken.isEmpty()) {
                      lacking.add(place);
                    } else if (fits(taken.get())) {
                      ofPart.put(name, taken.get());
                    } else {
                      misshapen.add(difference(taken.get()));
                    }
                  });
              int layout = layout(ofPart.values(), files);
              lacking.forEach(place -> missing.add(part + "/" + name(place, layout)));
            });
    return new Fit(template, found, missing, misshapen, inShape(template, files));
  }

  private static int inShape(Template template, CheckpointFiles files) {
    String network = template.network();
    return Math.toIntExact(
        template.parts().get(network).values().stream()
            .flatMap(place -> taken(files, network, place).stream())
            .filter(Fit::isInShape)
            .count());
  }

  private static Optional<Taken> taken(CheckpointFiles files, String part, WeightPlace place) {
    return place.sources().stream()
        .filter(source -> source.isIdentity() || files.find(part, source.tensor()).isPresent())
        .findFirst()
        .map(source -> new Taken(files.find(part, source.tensor()), source, place));
  }

  /** Which of the sources most weights are taken from; where there are none, the usual one. */
  private static int layout(Collection<Taken> taken, CheckpointFiles files) {
    Map<Integer, Integer> counts = new TreeMap<>();
    for (Taken each : taken) {
      counts.merge(each.place().sources().indexOf(each.source()), 1, Integer::sum);
    }
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(files.isSingleFile() ? 1 : 0);
  }

  /** The name to tell of: the one that such a checkpoint should have. */
  private static String name(WeightPlace place, int layout) {
    return place.sources().get(Math.min(layout, place.sources().size() - 1)).tensor();
  }

  private static boolean fits(Taken taken) {
    return isInShape(taken) && taken.type().isWeight();
  }

  private static boolean isInShape(Taken taken) {
    return taken
        .located()
        .map(found -> taken.source().fits(found.tensor(), taken.place().shape()))
        .orElse(true);
  }

  private static String difference(Taken taken) {
    StoredTensor found = taken.located().orElseThrow().tensor();
    return found.shown()
        + " is "
        + found.type()
        + found.shape()
        + (found.type().isWeight()
            ? ", and should give " + taken.place().shape()
            : ", and should be F32, F16 or BF16");
  }

  /** The optional parts that it lacks. */
  List<String> without() {
    return template.optional().stream().filter(part -> !found.containsKey(part)).toList();
  }

  boolean isComplete() {
    return missing.isEmpty() && misshapen.isEmpty();
  }

  /** Whether so much is there that the checkpoint must be meant as one of this family. */
  boolean isLikely() {
    return networkWeights() > 0.9 * template.parts().get(template.network()).size();
  }

  /** What is wrong, a few names at most. */
  String problems() {
    List<String> said = new ArrayList<>();
    if (!missing.isEmpty()) {
      said.add(missing.size() + " tensors are missing: " + few(missing));
    }
    if (!misshapen.isEmpty()) {
      said.add(misshapen.size() + " do not fit: " + few(misshapen));
    }
    return String.join("; ", said);
  }

  /** Whether a part has none of its weights. */
  boolean lacks(String part) {
    return found.getOrDefault(part, Map.of()).values().stream()
        .allMatch(taken -> taken.located().isEmpty());
  }

  /**
   * A network with layers that no graph computes would make another picture.
   *
   * @param more tensors of such layers
   * @throws RefusedCheckpointException when there are any
   */
  void requireNothingMore(String file, List<String> more) {
    if (!more.isEmpty()) {
      throw new RefusedCheckpointException(
          file
              + " has the layers of "
              + template.title()
              + ", and more that it does not have: "
              + few(more.stream().map(StoredTensor::shown).toList()));
    }
  }

  /** The denoising network's tensors that no weight is taken from. */
  List<String> unread(CheckpointFiles files) {
    return unread(files, NETWORK_PREFIX);
  }

  /**
   * The network's tensors that no weight is taken from.
   *
   * @param prefix of its tensors in a file that has others too
   */
  List<String> unread(CheckpointFiles files, String prefix) {
    Set<String> read =
        found.get(template.network()).values().stream()
            .flatMap(taken -> taken.located().stream())
            .map(located -> located.tensor().name())
            .collect(Collectors.toSet());
    Set<String> names = files.networkTensors().keySet();
    // a file in the original layout has the other parts' tensors too
    boolean original = names.stream().anyMatch(name -> name.startsWith(prefix));
    return names.stream()
        .filter(name -> !original || name.startsWith(prefix))
        .filter(name -> !read.contains(name))
        .toList();
  }

  static String few(List<String> names) {
    return String.join(", ", names.subList(0, Math.min(SHOWN, names.size())))
        + (names.size() > SHOWN ? ", ..." : "");
  }
}
