package dev.latentline.inference.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstalledTest {
  @TempDir Path folder;
  private SmallCatalogue small;

  @BeforeEach
  void write() throws IOException {
    small = new SmallCatalogue(folder.resolve("models"), "alpha", "beta");
    small.upscaler("esrgan", 2);
  }

  @Test
  void everythingWithAManifestIsFoundAndIsAsItSays() throws IOException {
    Path further = Files.createDirectories(folder.resolve("further"));
    SmallCatalogue others = new SmallCatalogue(further, "gamma");
    // where an import is under way
    others.write(".importing-1/delta/manifest.json", "{");

    List<Installed> all = Installed.in(List.of(small.folder, others.folder));

    assertThat(all)
        .extracting(Installed::place)
        .containsExactly("alpha", "beta", "upscalers/esrgan", "gamma");
    for (Installed each : all) {
      AtomicLong read = new AtomicLong();
      assertThat(each.verify(read::addAndGet)).isEmpty();
      assertThat(read).hasValue(each.bytes()).hasPositiveValue();
    }
    Installed alpha = all.get(0);
    assertThat(alpha.files()).isEqualTo(6);
    assertThat(alpha.digest())
        .isEqualTo(Catalogue.open(small.folder).find("alpha").orElseThrow().digest());
    assertThat(alpha.isCalled("alpha@" + alpha.digest())).isTrue();
    assertThat(alpha.isCalled("alpha@sha256:00")).isFalse();
    assertThat(all.get(2).isCalled("esrgan")).isTrue();
    assertThat(all.get(2).isCalled("upscalers/esrgan")).isTrue();
    assertThat(all.get(2).isCalled("upscalers")).isFalse();
  }

  @Test
  void aByteThatWasFlippedIsFound() throws IOException {
    Path graph = small.path("beta/unet/model.onnx");
    byte[] bytes = Files.readAllBytes(graph);
    bytes[bytes.length - 1] ^= 1;
    Files.write(graph, bytes);

    assertThat(problems("alpha")).isEmpty();
    assertThat(problems("beta"))
        .singleElement()
        .asString()
        .startsWith("beta/unet/model.onnx: altered: SHA-256 ");
  }

  @Test
  void whatIsMissingOrTooMuchIsFound() throws IOException {
    Files.delete(small.path("upscalers/esrgan/model.onnx"));
    small.write("upscalers/esrgan/other.onnx", "x");

    assertThat(problems("esrgan"))
        .containsExactly(
            "upscalers/esrgan/model.onnx: missing",
            "upscalers/esrgan/other.onnx: not listed in manifest.json");
  }

  @Test
  void aManifestThatCannotBeReadIsFoundOnce() throws IOException {
    small.write("alpha/manifest.json", "{");

    assertThat(problems("alpha")).singleElement().asString().startsWith("alpha/manifest.json: ");
  }

  @Test
  void aFileOutsideTheFolderIsNotOpened() throws IOException {
    small.manifest(
        "alpha",
        manifest ->
            manifest
                .withObject("/files")
                .putObject("../beta/unet/model.onnx")
                .put("size", 1)
                .put("sha256", "0".repeat(64)));

    assertThat(problems("alpha"))
        .singleElement()
        .asString()
        .contains("is no path of a file inside the model's folder");
  }

  @Test
  void aCatalogueThatIsNotThereIsNoneWhereAllIsWell() {
    assertThatThrownBy(() -> Installed.in(List.of(folder.resolve("nowhere"))))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("nowhere cannot be listed");
  }

  private List<String> problems(String name) {
    return Installed.in(List.of(small.folder)).stream()
        .filter(each -> each.isCalled(name))
        .findFirst()
        .orElseThrow()
        .verify(bytes -> {});
  }
}
