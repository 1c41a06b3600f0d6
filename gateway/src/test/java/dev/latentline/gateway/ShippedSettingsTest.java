package dev.latentline.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class ShippedSettingsTest {
  @Test
  void whatIsShippedHoldsNoSecretAndNothingForAProfile() throws IOException {
    Properties shipped = new Properties();
    try (InputStream in =
        Files.newInputStream(Path.of("src/main/resources/application.properties"))) {
      shipped.load(in);
    }

    assertThat(shipped.stringPropertyNames())
        .contains("latentline.stage")
        .noneMatch(name -> name.startsWith("%"))
        .noneMatch(name -> name.matches(".*(secret|allow-loopback).*"));
  }
}
