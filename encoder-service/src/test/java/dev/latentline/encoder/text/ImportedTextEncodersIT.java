package dev.latentline.encoder.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.ModelCard;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.ImportOrder;
import dev.latentline.inference.session.RunStop;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.proto.v1.ModelRef;
import dev.latentline.proto.v1.TokenIds;
import dev.latentline.testkit.RandomCheckpoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two text encoders that were imported, of which one stands for the whole text too. */
class ImportedTextEncodersIT {
  private static final Path HOME = Path.of(System.getProperty("latentline.home"));
  private static final int WIDTHS = 16 + 24;
  private static final TokenIds TEXT =
      TokenIds.newBuilder().addAllIds(List.of(49406L, 320L, 1125L, 49407L)).build();

  @TempDir Path folder;

  @Test
  void textsAreFilledUpAndNothingIsZeros() throws Exception {
    Catalogue catalogue =
        Catalogue.open(
            List.of(HOME.resolve("models/target/catalogue"), imported("tiny-sdxl", "xl")));
    ModelCard card = catalogue.find("xl").orElseThrow();
    ModelRef xl = ModelRef.newBuilder().setName("xl").setDigest(card.digest()).build();

    try (ModelTextEncoders encoders =
        new ModelTextEncoders(catalogue, SessionSettings.cpu(1), 1 << 20)) {
      EncodedText text = encoders.encode(xl, List.of(TEXT, TEXT), new RunStop());
      EncodedText nothing = encoders.encodeNothing(xl, List.of(TEXT, TEXT), new RunStop());

      assertThat(text.states().shape()).containsExactly(1, 77, WIDTHS);
      assertThat(text.pooled().orElseThrow().shape()).containsExactly(1, 24);
      // rows behind the text are those of padding, which differ from row to row by position
      float[] states = text.states().data();
      assertThat(Arrays.copyOfRange(states, 76 * WIDTHS, 77 * WIDTHS))
          .doesNotContain(0f)
          .isNotEqualTo(Arrays.copyOfRange(states, 75 * WIDTHS, 76 * WIDTHS));
      assertThat(nothing.states().data()).hasSize(states.length).containsOnly(0f);
      assertThat(nothing.pooled().orElseThrow().data()).containsOnly(0f);
    }
  }

  private Path imported(String family, String name) throws Exception {
    Path file = RandomCheckpoint.of(family).write(folder.resolve("it.safetensors"));
    Path models = folder.resolve("models");
    CheckpointImport.run(
        new ImportOrder(
            file,
            Optional.empty(),
            Optional.empty(),
            name,
            Optional.empty(),
            Optional.empty(),
            List.of(HOME.resolve("models/templates"), RandomCheckpoint.templates()),
            models,
            false),
        note -> {});
    return models;
  }
}
