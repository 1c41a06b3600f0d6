package dev.latentline.inference.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.latentline.contract.Failure;
import dev.latentline.proto.v1.ModelRef;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlNetsTest {
  @TempDir Path temporary;
  private SmallCatalogue small;

  @BeforeEach
  void write() throws IOException {
    small = new SmallCatalogue(temporary.resolve("models"), "alpha", "beta");
    small.controlNet("edges");
    small.controlNet("depth");
    small.controlled("alpha");
  }

  private Catalogue open() {
    return Catalogue.open(small.folder);
  }

  @Test
  void theyAreForModelsOfTheirFamilyWhoseNetworkTakesThem() {
    Catalogue catalogue = open();

    assertThat(catalogue.controlNetsOf(catalogue.find("alpha").orElseThrow()))
        .extracting(ControlNetCard::name)
        .containsExactly("depth", "edges");
    assertThat(catalogue.controlNetsOf(catalogue.find("beta").orElseThrow())).isEmpty();
    assertThat(catalogue.models()).extracting(ModelCard::name).containsExactly("alpha", "beta");
    ControlNetCard edges = catalogue.findControlNet("edges").orElseThrow();
    assertThat(edges.graph()).hasFileName("model.onnx");
    assertThat(edges.weights()).isEmpty();
    assertThat(edges.verify()).isEmpty();
  }

  @Test
  void oneIsFoundByNameAndDigest() {
    Catalogue catalogue = open();
    ControlNetCard edges = catalogue.findControlNet("edges").orElseThrow();

    assertThat(catalogue.findControlNet(edges.reference())).hasValue(edges);
    assertThat(catalogue.findControlNet("edges@sha256:" + "0".repeat(64))).isEmpty();
    assertThat(catalogue.findControlNet("scribble")).isEmpty();
  }

  @Test
  void aRequestIsHeldToWhatItWasPinnedTo() {
    Catalogue catalogue = open();
    ControlNetCard edges = catalogue.findControlNet("edges").orElseThrow();
    ModelRef pinned = ModelRef.newBuilder().setName(edges.name()).setDigest(edges.digest()).build();
    ModelCard alpha = catalogue.find("alpha").orElseThrow();

    assertThat(catalogue.requireControlNet(pinned, alpha)).isEqualTo(edges);
    assertUnavailable(() -> catalogue.requireControlNet(pinned, catalogue.find("beta").get()));
    assertUnavailable(
        () ->
            catalogue.requireControlNet(
                pinned.toBuilder().setDigest("sha256:" + "0".repeat(64)).build(), alpha));
  }

  private static void assertUnavailable(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable asking) {
    assertThatThrownBy(asking)
        .isInstanceOfSatisfying(
            Failure.Rejected.class, e -> assertThat(e.code()).isEqualTo("controlnet_unavailable"));
  }

  @Test
  void aManifestThatIsWrongIsNamed() throws IOException {
    small.change("controlnets/edges/manifest.json", manifest -> manifest.remove("families"));

    assertThat(ManifestProblems.ofControlNet(small.path("controlnets/edges")))
        .singleElement()
        .asString()
        .startsWith("controlnets/edges/manifest.json: families");
    assertThatThrownBy(this::open).isInstanceOf(InvalidCatalogueException.class);
  }

  @Test
  void aGraphThatTheModelDoesNotListIsNone() throws IOException {
    small.manifest(
        "beta",
        manifest -> ((ObjectNode) manifest.get("unet")).put("controlled", "unet/other.onnx"));

    assertThat(ManifestProblems.ofModel(small.path("beta")))
        .singleElement()
        .asString()
        .contains("unet.controlled is unet/other.onnx");
  }
}
