package dev.latentline.inference.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Failure;
import dev.latentline.contract.Limits;
import dev.latentline.proto.v1.ModelRef;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextualInversionsTest {
  @TempDir Path folder;
  private SmallCatalogue small;

  @BeforeEach
  void write() throws IOException {
    small = new SmallCatalogue(folder.resolve("models"), "alpha", "beta");
    small.imported("alpha");
    small.textualInversion("ink", 3);
    small.textualInversion("bad-hands-5", 75);
  }

  @Test
  void theyAreOfModelsOfTheirFamilyWhoseWeightsAreBesideTheirGraphs() throws IOException {
    small.textualInversion("other", 2);
    small.change(
        "textual_inversions/other/manifest.json", json -> json.putArray("families").add("large"));
    Catalogue catalogue = Catalogue.open(small.folder);

    assertThat(catalogue.textualInversionsOf(model(catalogue, "alpha")))
        .extracting(TextualInversionCard::name)
        .containsExactly("bad-hands-5", "ink");
    assertThat(catalogue.textualInversionsOf(model(catalogue, "beta"))).isEmpty();
  }

  @Test
  void aPinnedOneThatIsNotHereOrDoesNotFitIsRejected() {
    Catalogue catalogue = Catalogue.open(small.folder);
    ModelCard alpha = model(catalogue, "alpha");
    TextualInversionCard ink = catalogue.textualInversionsOf(alpha).get(1);
    ModelRef pinned = ModelRef.newBuilder().setName("ink").setDigest(ink.digest()).build();

    assertThat(catalogue.requireTextualInversion(pinned, alpha)).isSameAs(ink);
    assertUnavailable(catalogue, pinned, model(catalogue, "beta"));
    assertUnavailable(catalogue, pinned.toBuilder().setDigest("sha256:00").build(), alpha);
    assertUnavailable(catalogue, pinned.toBuilder().setName("oil").build(), alpha);
  }

  @Test
  void anotherFileThanTheManifestsIsNamed() throws IOException {
    TextualInversionCard ink = inks().get(1);
    assertThat(ink.verify()).isEmpty();

    small.write("textual_inversions/ink/weights.safetensors", "else");

    assertThat(ink.verify())
        .singleElement()
        .asString()
        .contains("textual_inversions/ink/weights.safetensors");
  }

  @Test
  void whatIsWrongInAManifestIsNamed() throws IOException {
    small.change("textual_inversions/ink/manifest.json", json -> json.put("vectors", 76));

    assertThatThrownBy(() -> Catalogue.open(small.folder))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("textual_inversions/ink/manifest.json: vectors");
  }

  @Test
  void allTogetherHaveAsManyVectorsAsFitIntoMemory() throws IOException {
    for (int left = Limits.MAX_CATALOGUE_VECTORS - 78; left > 0; left -= 75) {
      small.textualInversion("more-" + left, Math.min(75, left));
    }
    assertThat(Catalogue.vectorsIn(small.folder)).isEqualTo(Limits.MAX_CATALOGUE_VECTORS);
    assertThat(inks()).hasSizeGreaterThan(2);

    small.textualInversion("one-more", 1);

    assertThatThrownBy(() -> Catalogue.open(small.folder))
        .isInstanceOf(InvalidCatalogueException.class)
        .hasMessageContaining("16385 vectors together; at most 16384 can be");
  }

  private List<TextualInversionCard> inks() {
    Catalogue catalogue = Catalogue.open(small.folder);
    return catalogue.textualInversionsOf(model(catalogue, "alpha"));
  }

  private static ModelCard model(Catalogue catalogue, String name) {
    return catalogue.find(name).orElseThrow();
  }

  private static void assertUnavailable(Catalogue catalogue, ModelRef pinned, ModelCard model) {
    assertThatThrownBy(() -> catalogue.requireTextualInversion(pinned, model))
        .isInstanceOfSatisfying(
            Failure.Rejected.class,
            rejected -> assertThat(rejected.code()).isEqualTo("textual_inversion_unavailable"));
  }
}
