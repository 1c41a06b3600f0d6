package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A textual inversion (Gal et al. 2022, arXiv:2208.01618), a word that stands for vectors which a
 * text encoder reads in place of its own tokens', as its manifest.json describes it.
 *
 * @param name also the folder's, and the word
 * @param digest sha256:{hex} of manifest.json, which in turn holds the SHA-256 of the vectors
 * @param families of the models whose text encoders it fits
 * @param licence an SPDX expression
 * @param vectors how many the word stands for
 * @param weights path of its safetensors file: of each text encoder, by the folder of its graph, a
 *     tensor {@code FOLDER/vectors}, [vectors, width]
 * @param files by path, ascending
 */
public record TextualInversionCard(
    String name,
    String digest,
    Path folder,
    List<String> families,
    String licence,
    String description,
    Instant created,
    int vectors,
    String weights,
    Map<String, ModelFile> files)
    implements AddOn {

  public TextualInversionCard {
    families = List.copyOf(families);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
  }

  /** Whether a model can read it: it is of the family, and its weights are beside its graphs. */
  @Override
  public boolean fits(ModelCard model) {
    return families.contains(model.family())
        && model.hasChunks()
        && model.textEncoders().stream()
            .allMatch(encoder -> model.weightsOf(encoder.model()).isPresent());
  }

  /** Where the vectors lie. */
  public Path file() {
    return listed().file(weights);
  }

  /** What is wrong with the files, see {@link ModelCard#verify()}. */
  public List<String> verify() {
    return listed().verify();
  }

  private ListedFiles listed() {
    return new ListedFiles(Catalogue.TEXTUAL_INVERSIONS + "/" + name, folder, files);
  }
}
