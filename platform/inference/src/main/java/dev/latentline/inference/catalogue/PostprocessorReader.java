package dev.latentline.inference.catalogue;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Reads the manifest.json of what works on decoded pictures; the only place that knows them. */
final class PostprocessorReader {
  /** Larger ones would make tiles that are mostly overlap. */
  private static final int MAX_RECEPTIVE_FIELD = 128;

  private static final int MIN_TILE = 8;

  /** Pixels of the input; larger tiles overlap less and need more memory. */
  private static final int MAX_TILE = 256;

  private static final int MAX_CLASSES = 100;

  private final Path folder;
  private final ManifestFolder manifests;

  /**
   * @param group the folder in the catalogue that holds such
   */
  PostprocessorReader(Path folder, String group, List<String> problems) {
    this.folder = folder;
    this.manifests = new ManifestFolder(folder, group + "/" + folder.getFileName(), problems);
  }

  /** The upscaler, or null when a problem was noted. */
  UpscalerCard upscaler() {
    return manifests.card(this::upscaler);
  }

  private UpscalerCard upscaler(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    int scale = manifest.integer("scale", 2, 4);
    if (scale == 3) {
      manifest.problem("scale", "must be 2 or 4");
    }
    return new UpscalerCard(
        manifests.name(manifest),
        read.digest(),
        folder,
        ManifestFolder.licence(manifest),
        ManifestFolder.description(manifest),
        ManifestFolder.created(manifest),
        ManifestFolder.path(manifest, "model", files),
        scale,
        tiling(manifest),
        files);
  }

  private static UpscalerCard.Tiling tiling(Fields manifest) {
    int overlap = manifest.integer("receptive_field", 1, MAX_RECEPTIVE_FIELD);
    int maxSide = manifest.integer("tile_size", MIN_TILE, MAX_TILE, MAX_TILE);
    int multiple = manifest.integer("tile_multiple", 1, MIN_TILE, 1);
    if (overlap % multiple != 0 || maxSide % multiple != 0) {
      manifest.problem("tile_multiple", "must divide receptive_field and tile_size");
    }
    return new UpscalerCard.Tiling(overlap, maxSide, multiple);
  }

  /** The safety checker, or null when a problem was noted. */
  SafetyCheckerCard safetyChecker() {
    return manifests.card(this::safetyChecker);
  }

  private SafetyCheckerCard safetyChecker(ManifestFolder.Manifest read) {
    Fields manifest = read.fields();
    TreeMap<String, ModelFile> files = read.files();
    List<String> classes = manifest.names("classes", 2, MAX_CLASSES);
    List<String> unsafe = manifest.names("unsafe", 1, MAX_CLASSES);
    if (!classes.containsAll(unsafe)) {
      manifest.problem("unsafe", "names what is none of classes");
    }
    return new SafetyCheckerCard(
        manifests.name(manifest),
        read.digest(),
        folder,
        ManifestFolder.licence(manifest),
        ManifestFolder.description(manifest),
        ManifestFolder.created(manifest),
        ManifestFolder.path(manifest, "model", files),
        manifest.integer("input_size", 8, 1024),
        classes,
        unsafe,
        files);
  }
}
