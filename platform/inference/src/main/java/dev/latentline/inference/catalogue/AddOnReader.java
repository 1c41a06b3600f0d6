package dev.latentline.inference.catalogue;

import dev.latentline.contract.Limits;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of what changes or steers models; the only place that knows them. */
final class AddOnReader {
  private static final int MAX_FAMILIES = 20;
  private static final int MAX_PARTS = 20;

  private final Path folder;
  private final ManifestFolder manifests;

  /**
   * @param group the folder in the catalogue that holds such
   */
  AddOnReader(Path folder, String group, List<String> problems) {
    this.folder = folder;
    this.manifests = new ManifestFolder(folder, group + "/" + folder.getFileName(), problems);
  }

  /** The LoRA, or null when a problem was noted. */
  LoraCard lora() {
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

  /** The textual inversion, or null when a problem was noted. */
  TextualInversionCard textualInversion() {
    return manifests.card(this::textualInversion);
  }

  private TextualInversionCard textualInversion(ManifestFolder.Manifest read) {
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

  /** The ControlNet, or null when a problem was noted. */
  ControlNetCard controlNet() {
    return manifests.card(this::controlNet);
  }

  private ControlNetCard controlNet(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    return new ControlNetCard(
        manifests.name(manifest),
        read.digest(),
        folder,
        manifest.names("families", 1, MAX_FAMILIES),
        ManifestFolder.licence(manifest),
        ManifestFolder.description(manifest),
        ManifestFolder.created(manifest),
        ManifestFolder.path(manifest, "model", files),
        files);
  }
}
