package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of a LoRA; the only place that knows it. */
final class LoraReader {
  private static final int MAX_FAMILIES = 20;
  private static final int MAX_PARTS = 20;

  private final Path folder;
  private final ManifestFolder manifests;

  LoraReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests =
        new ManifestFolder(folder, Catalogue.LORAS + "/" + folder.getFileName(), problems);
  }

  /** The LoRA, or null when a problem was noted. */
  LoraCard read() {
    return manifests.card(this::lora);
  }

  private LoraCard lora(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    return new LoraCard(
        manifests.name(manifest),
        read.digest(),
        folder,
        manifest.names("families", 1, MAX_FAMILIES),
        manifest.names("parts", 1, MAX_PARTS),
        ManifestFolder.licence(manifest),
        ManifestFolder.description(manifest),
        ManifestFolder.created(manifest),
        ManifestFolder.path(manifest, "weights", files),
        files);
  }
}
