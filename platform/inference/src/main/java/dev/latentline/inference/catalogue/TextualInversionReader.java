package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import dev.latentline.contract.Sha256;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of a textual inversion; the only place that knows it. */
final class TextualInversionReader {
  private static final int MAX_FAMILIES = 20;

  private final Path folder;
  private final ManifestFolder manifests;
  private final List<String> problems;

  TextualInversionReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests =
        new ManifestFolder(
            folder, Catalogue.TEXTUAL_INVERSIONS + "/" + folder.getFileName(), problems);
    this.problems = problems;
  }

  /** The textual inversion, or null when a problem was noted. */
  TextualInversionCard read() {
    int before = problems.size();
    byte[] bytes = manifests.bounded(ManifestFolder.MANIFEST);
    Fields manifest = bytes == null ? null : manifests.parse(ManifestFolder.MANIFEST, bytes);
    if (manifest == null) {
      return null;
    }
    TreeMap<String, ModelFile> files = ManifestFolder.files(manifest);
    TextualInversionCard card =
        new TextualInversionCard(
            manifests.name(manifest),
            "sha256:" + Sha256.hex(bytes),
            folder,
            manifest.names("families", 1, MAX_FAMILIES),
            ManifestFolder.licence(manifest),
            ManifestFolder.description(manifest),
            ManifestFolder.created(manifest),
            manifest.integer("vectors", 1, Limits.MAX_INVERSION_VECTORS),
            ManifestFolder.path(manifest, "weights", files),
            files);
    manifest.done();
    return problems.size() == before ? card : null;
  }
}
