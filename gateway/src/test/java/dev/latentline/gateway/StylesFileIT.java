package dev.latentline.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.gateway.expand.Style;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StylesFileIT {
  @TempDir Path folder;

  @Test
  void aFileWithAByteOrderMarkIsRead() throws IOException {
    Path file = folder.resolve("styles.csv");
    Files.writeString(file, "\ufeffname,prompt,negative_prompt\noil,{prompt} in oil,\n");

    assertThat(StylesFile.read(file).all())
        .containsExactly(new Style("oil", "{prompt} in oil", ""));
  }

  @Test
  void whatIsWrongNamesTheSetting() throws IOException {
    Path file = folder.resolve("styles.csv");
    Files.writeString(file, "name\noil\n");
    assertThatThrownBy(() -> StylesFile.read(file))
        .hasMessage("latentline.styles: the first line must be name,prompt,negative_prompt");

    Files.write(file, new byte[] {(byte) 0xff});
    assertThatThrownBy(() -> StylesFile.read(file))
        .hasMessage("latentline.styles: it is not UTF-8");

    assertThatThrownBy(() -> StylesFile.read(folder.resolve("none")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("file of styles cannot be read");
  }
}
