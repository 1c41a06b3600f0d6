package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of a ControlNet; the only place that knows it. */
final class ControlNetReader {
  private static final int MAX_FAMILIES = 20;

  private final Path folder;
  private final ManifestFolder manifests;

  ControlNetReader(Path folder, List<String> problems) {
    this.folder = folder;
    this.manifests =
        new ManifestFolder(folder, Catalogue.CONTROLNETS + "/" + folder.getFileName(), problems);
  }

  /** The ControlNet, or null when a problem was noted. */
  ControlNetCard read() {
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
