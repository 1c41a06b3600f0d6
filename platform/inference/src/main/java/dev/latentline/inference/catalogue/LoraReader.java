package dev.latentline.inference.catalogue;

import dev.latentline.contract.Sha256;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of a LoRA; the only place that knows it. */
final class LoraReader {
  private static final int MAX_FAMILIES = 20;
  private static final int MAX_PARTS = 20;

  private final Path folder;
  private final ManifestFolder manifests;
  private final List<String> problems;

  LoraReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests =
        new ManifestFolder(folder, Catalogue.LORAS + "/" + folder.getFileName(), problems);
    this.problems = problems;
  }

  /** The LoRA, or null when a problem was noted. */
  LoraCard read() {
    int before = problems.size();
    byte[] bytes = manifests.bounded(ManifestFolder.MANIFEST);
    Fields manifest = bytes == null ? null : manifests.parse(ManifestFolder.MANIFEST, bytes);
    if (manifest == null) {
      return null;
    }
    TreeMap<String, ModelFile> files = ManifestFolder.files(manifest);
    LoraCard card =
        new LoraCard(
            manifests.name(manifest),
            "sha256:" + Sha256.hex(bytes),
            folder,
            manifest.names("families", 1, MAX_FAMILIES),
            manifest.names("parts", 1, MAX_PARTS),
            ManifestFolder.licence(manifest),
            ManifestFolder.description(manifest),
            ManifestFolder.created(manifest),
            ManifestFolder.path(manifest, "weights", files),
            files);
    manifest.done();
    return problems.size() == before ? card : null;
  }
}
