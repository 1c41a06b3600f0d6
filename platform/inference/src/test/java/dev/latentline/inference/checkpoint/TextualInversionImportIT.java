package dev.latentline.inference.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.contract.Limits;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.safetensors.SafetensorsWriter;
import dev.latentline.inference.safetensors.StoredType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is a textual inversion, and what is none that can be used. */
class TextualInversionImportIT {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "emb_params 3 16                | stable-diffusion-1-tiny  | 3",
        "<my word> 16                   | stable-diffusion-1-tiny  | 1",
        "anything 75 768                | stable-diffusion-1       | 75",
        "emb_params 4 1024              | stable-diffusion-2       | 4",
        "clip_l 2 768, clip_g 2 1280    | stable-diffusion-xl      | 2",
        "clip_l 768, clip_g 1280        | stable-diffusion-xl      | 1",
      })
  void aTextualInversionIsKnownByItsTensors(String tensors, String family, int vectors)
      throws IOException {
    Path file = file(tensors);
    List<String> notes = new ArrayList<>();

    Path made = CheckpointImport.run(order(file), notes::add);

    assertThat(made).isEqualTo(folder.resolve("models/textual_inversions/ink"));
    assertThat(notes.get(0)).contains(vectors + " vector", "; its word is ink");
    assertThat(Files.readString(made.resolve("manifest.json")))
        .contains('"' + family + '"', "\"vectors\" : " + vectors);
    assertRefused(file, "there is a textual inversion ink already");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "emb_params 3 17             | of no family that is known here: its vectors have 17 numbers",
        "emb_params 76 16            | is [76, 16], and should be 1 to 75 vectors",
        "emb_params 0 16             | is [0, 16], and should be 1 to 75 vectors",
        "clip_l, clip_g              | the tensor clip_g is [], and should be 1 to 75 vectors",
        "clip_l 2 768, clip_g 3 1280 | not as many vectors for one text encoder as for the other",
        "clip_l 2 768, clip_g 2 768  | of no family that is known here",
      })
  void whatCannotBeUsedIsSaid(String tensors, String said) throws IOException {
    assertRefused(file(tensors), said.strip());
  }

  @Test
  void picklesAreRefused() throws IOException {
    for (String name : List.of("a.pt", "a.bin")) {
      Path pickle = folder.resolve(name);
      Files.write(pickle, new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0});

      assertRefused(pickle, name + " is a pickle");
    }
  }

  @Test
  void vectorsThatAreNoNumbersAreRefused() throws IOException {
    for (int bits : List.of(0x7c00, 0xfc00, 0x7e00)) {
      Path file = file("emb_params 3 16", StoredType.F16, bits);

      assertRefused(file, "the tensor emb_params holds what is no number");
    }
    assertRefused(file("emb_params 3 16", StoredType.I64, 0), "is I64, not F32, F16 or BF16");
  }

  @Test
  void moreVectorsThanTextEncodersHaveRoomForAreRefused() throws IOException {
    Path first = CheckpointImport.run(order(file("emb_params 75 16")), note -> {});
    String manifest = Files.readString(first.resolve("manifest.json"));
    int many = Limits.MAX_CATALOGUE_VECTORS / 75;
    for (int i = 1; i < many; i++) {
      Path another = Files.createDirectory(first.resolveSibling("ink-" + i));
      Files.writeString(
          another.resolve("manifest.json"), manifest.replace("\"ink\"", "\"ink-" + i + "\""));
    }
    assertThat(Catalogue.vectorsIn(folder.resolve("models"))).isEqualTo(75 * many);
    int left = Limits.MAX_CATALOGUE_VECTORS - 75 * many;

    assertRefused(
        order(file("emb_params " + (left + 1) + " 16"), "over"),
        "it has " + (left + 1) + " vectors, and the textual inversions in");
    assertThat(CheckpointImport.run(order(file("emb_params " + left + " 16"), "most"), n -> {}))
        .exists();
  }

  private Path file(String tensors) throws IOException {
    return file(tensors, StoredType.F16, 0);
  }

  /**
   * Zeros, and at the end of each tensor a number.
   *
   * @param tensors each as its name and its shape
   * @param last its bits, of the last two bytes
   */
  private Path file(String tensors, StoredType type, int last) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (String tensor : tensors.split(",")) {
      String[] parts = tensor.strip().split(" +(?=[0-9])");
      List<Long> shape = Arrays.stream(parts).skip(1).map(Long::valueOf).toList();
      entries.add(new SafetensorsWriter.Entry(parts[0], type, shape));
    }
    Path file = folder.resolve("a.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      SafetensorsWriter.write(out, entries, entry -> zeros((int) entry.bytes(), (short) last));
    }
    return file;
  }

  private static ByteBuffer zeros(int bytes, short last) {
    ByteBuffer zeros = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return bytes == 0 ? zeros : zeros.putShort(bytes - Short.BYTES, last);
  }

  private ImportOrder order(Path file) {
    return order(file, "ink");
  }

  private ImportOrder order(Path file, String name) {
    return ImportOrder.of(file, name, Orders.TEMPLATES, folder.resolve("models"));
  }

  private void assertRefused(Path file, String said) {
    assertRefused(order(file), said);
  }

  private static void assertRefused(ImportOrder order, String said) {
    assertThatThrownBy(() -> CheckpointImport.run(order, note -> {}))
        .isInstanceOf(RefusedCheckpointException.class)
        .hasMessageContaining(said);
  }
}
