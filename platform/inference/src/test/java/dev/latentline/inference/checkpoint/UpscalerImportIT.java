package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.UpscalerCard;
import dev.latentline.inference.safetensors.SafetensorsFile;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.StoredTensor;
import dev.latentline.inference.safetensors.StoredType;
import dev.latentline.inference.session.ModelSession;
import dev.latentline.inference.session.SessionSettings;
import dev.latentline.inference.tensor.FloatTensor;
import dev.latentline.inference.tensor.StoredFloats;
import dev.latentline.testkit.RandomCheckpoint;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Upscalers of ESRGAN's class: imported they compute what PyTorch computes with the same file. */
class UpscalerImportIT {
  private static final String X4 = "upscalers/tiny-esrgan-x4";
  private static final String X2 = "upscalers/tiny-esrgan-x2";
  private static final String PART = "upscaler";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({X4 + ", basicsr", X4 + ", esrgan", X2 + ", basicsr", X2 + ", esrgan"})
  void anImportedUpscalerAgreesWithPyTorch(String name, String layout) throws IOException {
    Golden golden = Golden.of(name);
    Path file = (layout.equals("basicsr") ? own(name) : RandomCheckpoint.of(name)).write(file());
    String sha256 = golden.file().metadata().get(layout + "_sha256");

    UpscalerCard card = imported(Orders.of(file, models(), sha256, null));

    assertThat(card.verify()).isEmpty();
    assertThat(card.scale()).isEqualTo(name.equals(X4) ? 4 : 2);
    for (int picture = 0; picture < 2; picture++) {
      FloatTensor found = upscaled(card, golden.floats(layout + ".pixels." + picture));
      golden.assertSame(layout + ".upscaled." + picture, found);
      FloatTensor expected = golden.floats(layout + ".upscaled." + picture);
      assertThat(found.shape()).isEqualTo(expected.shape());
      assertThat(equal8Bits(found, expected)).isGreaterThan(0.999);
    }
  }

  @Test
  void typesStayAndAllAreTheSameNumbers() throws IOException {
    Golden golden = Golden.of(X4);
    Path halves = own(X4).write(file());
    Path floats = widened(halves, StoredType.F32);

    UpscalerCard card = imported(Orders.of(floats, models()));

    try (SafetensorsFile weights = SafetensorsFile.open(card.weights().orElseThrow())) {
      assertThat(weights.tensors().values())
          .extracting(StoredTensor::type)
          .containsOnly(StoredType.F32);
    }
    golden.assertSame("basicsr.upscaled.0", upscaled(card, golden.floats("basicsr.pixels.0")));

    UpscalerCard shortened =
        imported(Orders.of(widened(halves, StoredType.BF16), folder.resolve("others")));

    FloatTensor roughly = upscaled(shortened, golden.floats("basicsr.pixels.0"));
    assertThat(meanDifference(roughly, golden.floats("basicsr.upscaled.0")))
        .as("of 0..255, with 8 bits of each weight")
        .isBetween(1e-3, 4.0);
  }

  @ParameterizedTest
  @CsvSource({"'', params_ema.", "'', params."})
  void prefixesOfTrainersAreKnown(String from, String to) throws IOException {
    Path file = own(X4).renamed(from, to).write(file());

    assertThat(imported(Orders.of(file, models())).factors()).containsExactly(4);
  }

  @Test
  void whatIsNotAveragedIsLeftOut() throws IOException {
    Path both =
        own(X4)
            .renamed("", "params_ema.")
            .with("params.conv_first.weight", 8, 3, 3, 3)
            .write(file());

    assertThat(imported(Orders.of(both, models())).scale()).isEqualTo(4);
  }

  @Test
  void theNamesOfEsrgansRepositoryAreKnown() throws IOException {
    RandomCheckpoint checkpoint = own(X2).renamed("body\\.(\\d+)\\.rdb", "RRDB_trunk.$1.RDB");
    String[][] names = {
      {"conv_body", "trunk_conv"}, {"conv_up1", "upconv1"},
      {"conv_up2", "upconv2"}, {"conv_hr", "HRconv"}
    };
    for (String[] name : names) {
      checkpoint = checkpoint.renamed(name[0], name[1]);
    }

    assertThat(imported(Orders.of(checkpoint.write(file()), models())).scale()).isEqualTo(2);
  }

  @Test
  void theSameFileHasTheSameDigestAndTakesThePlaceOfAnother() throws IOException {
    Path file = own(X4).write(file());
    String digest = imported(Orders.of(file, models())).digest();

    assertRefused(file, "there is an upscaler my-model already");
    ImportOrder replacing =
        new ImportOrder(
            own(X2).write(folder.resolve("other.safetensors")),
            Optional.empty(),
            Optional.empty(),
            "my-model",
            Optional.of("CC-BY-4.0"),
            Optional.empty(),
            Orders.TEMPLATES,
            models(),
            true);
    UpscalerCard other = imported(replacing);

    assertThat(other.scale()).isEqualTo(2);
    assertThat(other.licence()).isEqualTo("CC-BY-4.0");
    assertThat(imported(Orders.of(file, folder.resolve("elsewhere"))).digest()).isEqualTo(digest);
  }

  @Test
  void whatIsMissingIsNamedInTheLayoutOfTheFile() throws IOException {
    assertRefused(
        own(X4).without("conv_hr.").write(file()),
        "it.safetensors looks like tiny ESRGAN x4, but 2 tensors are missing:"
            + " upscaler/conv_hr.bias, upscaler/conv_hr.weight");
    assertRefused(
        RandomCheckpoint.of(X4).without("model.8.").write(file()),
        "2 tensors are missing: upscaler/model.8.bias, upscaler/model.8.weight");
    assertRefused(
        own(X4).with("conv_hr.weight", 8, 8, 1, 1).write(file()),
        "1 do not fit: conv_hr.weight is F16[8, 8, 1, 1], and should give [8, 8, 3, 3]");
  }

  @Test
  void otherSizesAreSaidWithTheirScale() throws IOException {
    RandomCheckpoint eightfold =
        RandomCheckpoint.of(X4)
            .with("model.11.weight", 8, 8, 3, 3)
            .with("model.13.weight", 3, 8, 3, 3);
    assertRefused(
        eightfold.without("model.10.").write(file()),
        "is an upscaler of ESRGAN's class, 8 times as large, of 2 blocks, 8 features and 4 growth"
            + " channels, which there is no graph template for");
    assertRefused(
        own(X4).with("conv_first.weight", 8, 48, 3, 3).write(file()),
        "class, 1 times as large, of 2");
    RandomCheckpoint wider = own(X4).without("body.").with("conv_first.weight", 48, 3, 3, 3);
    assertRefused(
        wider.with("body.0.rdb1.conv1.weight", 24, 48, 3, 3).write(file()),
        "4 times as large, of 1 blocks, 48 features and 24 growth channels");
  }

  @Test
  void layersThatNoGraphComputesAreNamed() throws IOException {
    assertRefused(
        own(X4).with("body.0.rdb1.conv1x1.weight", 4, 8, 1, 1).write(file()),
        "and more that it does not have: body.0.rdb1.conv1x1.weight");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "body.0.weight body.1.weight                                      | SRVGGNetCompact",
        "conv_first.weight layers.0.residual_group.blocks.0.attn.qkv.bias | SwinIR",
        "conv_first.weight layers.0.residual_group.overlap_attn.qkv.bias  | HAT",
        "params.conv_first.bias params.layers.0.blocks.0.attn.attns.0.w   | DAT",
        "conv_first.weight conv_of_mine.weight                            | that is not known"
      })
  void otherArchitecturesAreRefusedByName(String tensors, String said) throws IOException {
    RandomCheckpoint checkpoint = RandomCheckpoint.of(X4).without("");
    for (String tensor : tensors.split(" ")) {
      checkpoint = checkpoint.with(tensor, 4, 4);
    }

    assertRefused(checkpoint.write(file()), said);
  }

  @Test
  void whatOnlyModelsHaveIsRefused() throws IOException {
    Path file = own(X4).write(file());

    assertThatThrownBy(
            () -> CheckpointImport.run(Orders.of(file, models(), null, "epsilon"), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining("it is an upscaler, which has neither");
  }

  private static RandomCheckpoint own(String name) throws IOException {
    return RandomCheckpoint.ofParts(name, PART);
  }

  private Path file() {
    return folder.resolve("it.safetensors");
  }

  private Path models() {
    return folder.resolve("models");
  }

  private static UpscalerCard imported(ImportOrder order) throws IOException {
    Path made = CheckpointImport.run(order, note -> {});
    assertThat(made).isEqualTo(order.models().resolve("upscalers/my-model"));
    Path home = Path.of(System.getProperty("latentline.home"));
    return Catalogue.open(List.of(home.resolve("models/target/catalogue"), order.models()))
        .findUpscaler("my-model")
        .orElseThrow();
  }

  private static FloatTensor upscaled(UpscalerCard card, FloatTensor pixels) {
    try (ModelSession session =
        ModelSession.open(card.graph(), card.weights(), SessionSettings.cpu(1))) {
      return session.run(Map.of("pixels", pixels));
    }
  }

  private Path widened(Path file, StoredType type) throws IOException {
    Path other = folder.resolve(type + ".safetensors");
    try (SafetensorsFile from = SafetensorsFile.open(file);
        OutputStream out = Files.newOutputStream(other)) {
      SafetensorsWriter.write(
          out,
          from.tensors().values().stream()
              .map(each -> new SafetensorsWriter.Entry(each.name(), type, each.shape()))
              .toList(),
          entry -> {
            StoredTensor stored = from.find(entry.name()).orElseThrow();
            float[] values = StoredFloats.of(from.map(stored), stored.type());
            ByteBuffer bytes =
                ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : values) {
              int bits = Float.floatToRawIntBits(value);
              if (type == StoredType.F32) {
                bytes.putInt(bits);
              } else {
                bytes.putShort((short) (bits >>> 16));
              }
            }
            return bytes.flip();
          });
    }
    return other;
  }

  private static double equal8Bits(FloatTensor one, FloatTensor other) {
    int equal = 0;
    for (int i = 0; i < one.data().length; i++) {
      equal += in8Bits(one.data()[i]) == in8Bits(other.data()[i]) ? 1 : 0;
    }
    return (double) equal / one.data().length;
  }

  private static double in8Bits(float value) {
    return Math.rint(Math.max(0, Math.min(255, value)));
  }

  private static double meanDifference(FloatTensor one, FloatTensor other) {
    double sum = 0;
    for (int i = 0; i < one.data().length; i++) {
      sum += Math.abs(one.data()[i] - other.data()[i]);
    }
    return sum / one.data().length;
  }

  private void assertRefused(Path checkpoint, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(Orders.of(checkpoint, models()), note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }
}
