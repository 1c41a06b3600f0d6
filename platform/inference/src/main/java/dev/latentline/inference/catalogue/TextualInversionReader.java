package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of a textual inversion; the only place that knows it. */
final class TextualInversionReader {
  private static final int MAX_FAMILIES = 20;

  private final Path folder;
  private final ManifestFolder manifests;

  TextualInversionReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests =
        new ManifestFolder(
            folder, Catalogue.TEXTUAL_INVERSIONS + "/" + folder.getFileName(), problems);
  }

  /** The textual inversion, or null when a problem was noted. */
  TextualInversionCard read() {
    return manifests.card(this::inversion);
  }

  private TextualInversionCard inversion(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    return new TextualInversionCard(
        manifests.name(manifest),
        read.digest(),
        folder,
        manifest.names("families", 1, MAX_FAMILIES),
        ManifestFolder.licence(manifest),
        ManifestFolder.description(manifest),
        ManifestFolder.created(manifest),
        manifest.integer("vectors", 1, Limits.MAX_INVERSION_VECTORS),
        ManifestFolder.path(manifest, "weights", files),
        files);
  }
}
