package dev.latentline.inference.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
  @TempDir Path folder;

  @Test
  void whatWasWrittenIsRead() throws IOException {
    List<SafetensorsWriter.Entry> entries =
        List.of(
            new SafetensorsWriter.Entry("half", StoredType.F16, List.of(3L)),
            new SafetensorsWriter.Entry("full", StoredType.F32, List.of(2L, 1L)),
            new SafetensorsWriter.Entry("one", StoredType.F32, List.of()));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        bytes,
        entries,
        entry -> {
          ByteBuffer content =
              ByteBuffer.allocate((int) entry.bytes()).order(ByteOrder.LITTLE_ENDIAN);
          while (content.hasRemaining()) {
            content.putShort((short) (entry.name().length() + content.position()));
          }
          return content.flip();
        });

    assertThat(SafetensorsWriter.size(entries)).isEqualTo(bytes.size());
    try (SafetensorsFile file = open(bytes.toByteArray())) {
      assertThat(file.tensors().keySet()).containsExactly("full", "half", "one");
      StoredTensor half = file.find("half").orElseThrow();
      assertThat(half.shape()).containsExactly(3L);
      assertThat(file.map(half).getShort(4)).isEqualTo((short) 8);
      StoredTensor full = file.find("full").orElseThrow();
      // what the processor reads at once does not lie across its bounds
      assertThat(full.begin() % 4).isZero();
      assertThat(file.map(full).getShort(6)).isEqualTo((short) 10);
      assertThat(file.find("one").orElseThrow().elements()).isEqualTo(1);
    }
  }

  @Test
  void metadataIsRead() throws IOException {
    try (SafetensorsFile file = open(bytes("{\"__metadata__\":{\"a\":\"b\"}}", 0))) {
      assertThat(file.metadata()).containsEntry("a", "b");
      assertThat(file.tensors()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 7 | cut short",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 9 | longer than its header",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | 4 | dtype and shape 8",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | 8 | data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12 | after a gap",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}} | 5 | tensor b overlaps",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | 8 | no natural numbers",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}} | 0 | too large",
        "{\"a\":{\"dtype\":\"Q4\",\"shape\":[2],\"data_offsets\":[0,8]}} | 8 | not known",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}} | 8 | no data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}} | 4 | no shape",
        "{\"a\":1,\"a\":2} | 0 | no JSON",
        "[1,2,3] | 0 | does not list",
      })
  void whatIsBrokenIsRefusedWithTheTensorsName(String header, int data, String said) {
    assertThatThrownBy(() -> open(bytes(header, data)))
        .isInstanceOf(InvalidSafetensorsException.class)
        .hasMessageStartingWith("it.safetensors")
        .hasMessageContaining(said);
  }

  /** Terminals obey them. */
  @ParameterizedTest
  @ValueSource(ints = {0x1b, '\n', 0x7f, 0x9b})
  void controlCharactersInNamesAreRefusedAndNotShown(int control) {
    for (int length : new int[] {1, 500}) {
      String name = "a".repeat(length) + "\\u%04x[2J".formatted(control);
      assertThatThrownBy(() -> open(bytes("{\"" + name + "\":{\"dtype\":\"?\"}}", 0)))
          .isInstanceOf(InvalidSafetensorsException.class)
          .hasMessage("it.safetensors has a tensor with control characters in its name");
    }
  }

  @Test
  void aHeaderWithoutEndIsNotRead() {
    byte[] endless = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(-1).array();
    assertThatThrownBy(() -> open(endless)).hasMessageContaining("18446744073709551615 bytes");
    assertThatThrownBy(() -> open(new byte[3])).hasMessageContaining("too short");
  }

  private static byte[] bytes(String header, int data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + json.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .array();
  }

  private SafetensorsFile open(byte[] bytes) throws IOException {
    return SafetensorsFile.open(Files.write(folder.resolve("it.safetensors"), bytes));
  }
}
