package dev.latentline.inference.catalogue;

import dev.latentline.contract.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * What lies in a folder of a catalogue that has a manifest.json: a model, or one folder deeper a
 * LoRA, an upscaler, a safety checker. Of the manifest only what lists the files is read, so that
 * they can be held against it whatever else is wrong.
 */
public final class Installed {
  private final Path folder;
  private final String place;
  private final String digest;
  private final Map<String, ModelFile> files;
  private final boolean readable;
  private final List<String> problems;

  private Installed(Path folder, String place) {
    List<String> found = new ArrayList<>();
    ManifestFolder manifests = new ManifestFolder(folder, place, found);
    byte[] bytes = manifests.bounded(ManifestFolder.MANIFEST);
    Fields manifest = bytes == null ? null : manifests.parse(ManifestFolder.MANIFEST, bytes);
    this.folder = folder;
    this.place = place;
    this.digest = bytes == null ? "" : "sha256:" + Sha256.hex(bytes);
    this.files = manifest == null ? Map.of() : listed(manifests, manifest);
    this.readable = manifest != null;
    this.problems = List.copyOf(found);
  }

  private static Map<String, ModelFile> listed(ManifestFolder manifests, Fields manifest) {
    manifests.name(manifest);
    TreeMap<String, ModelFile> files = ManifestFolder.files(manifest);
    // a path that is refused must not be opened either
    files.keySet().removeIf(path -> !ManifestFolder.isPlain(path));
    return files;
  }

  /**
   * All there is: folder by folder, in each by name, models before what lies deeper.
   *
   * @param catalogues those of one installation, see {@link Catalogue#open(List)}
   * @throws InvalidCatalogueException when a folder cannot be listed
   */
  public static List<Installed> in(List<Path> catalogues) {
    List<Installed> all = new ArrayList<>();
    for (Path catalogue : catalogues) {
      List<Path> groups = new ArrayList<>();
      for (Path entry : inside(catalogue)) {
        if (hasManifest(entry)) {
          all.add(new Installed(entry, entry.getFileName().toString()));
        } else if (Files.isDirectory(entry) && !isHidden(entry)) {
          groups.add(entry);
        }
      }
      for (Path group : groups) {
        inside(group).stream()
            .filter(Installed::hasManifest)
            .forEach(
                entry ->
                    all.add(new Installed(entry, group.getFileName() + "/" + entry.getFileName())));
      }
    }
    return all;
  }

  private static List<Path> inside(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw new InvalidCatalogueException(List.of(folder + " cannot be listed: " + e));
    }
  }

  /** Where something is being made. */
  private static boolean isHidden(Path folder) {
    return folder.getFileName().toString().startsWith(".");
  }

  private static boolean hasManifest(Path folder) {
    return Files.exists(folder.resolve(ManifestFolder.MANIFEST));
  }

  public Path folder() {
    return folder;
  }

  /** Its name, behind that of the folder deeper and a slash where it is no model. */
  public String place() {
    return place;
  }

  /** Whether people mean it by this: its name, its place, or either with its digest. */
  public boolean isCalled(String reference) {
    int at = reference.indexOf('@');
    String called = at < 0 ? reference : reference.substring(0, at);
    return (called.equals(place) || called.equals(folder.getFileName().toString()))
        && (at < 0 || reference.substring(at + 1).equals(digest));
  }

  /** sha256:{hex} of the manifest; empty when that cannot be read. */
  public String digest() {
    return digest;
  }

  /** How many files the manifest lists. */
  public int files() {
    return files.size();
  }

  /** How long they are together. */
  public long bytes() {
    return files.values().stream().mapToLong(ModelFile::sizeBytes).sum();
  }

  /**
   * Holds every file against the manifest, as {@link ModelCard#verify()} does.
   *
   * @param read told how many more bytes were read
   * @return what is wrong, each with the file's place; empty when all is well
   */
  public List<String> verify(LongConsumer read) {
    List<String> all = new ArrayList<>(problems);
    if (readable) {
      all.addAll(new ListedFiles(place, folder, files).verify(read));
    }
    return all;
  }
}
