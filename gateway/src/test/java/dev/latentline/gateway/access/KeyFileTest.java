package dev.latentline.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
  // echo -n alpha | sha256sum
  private static final String ALPHA =
      "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";
  // echo -n beta | sha256sum
  private static final String BETA =
      "f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753";

  @Test
  void aKeyBelongsToItsTenant() {
    KeyFile keys =
        KeyFile.parse(List.of("# ours", "", "acme  " + ALPHA, "  other\t" + BETA + "  "));

    assertThat(keys.tenantOf("alpha")).contains("acme");
    assertThat(keys.tenantOf("beta")).contains("other");
    assertThat(keys.tenantOf("gamma")).isEmpty();
    assertThat(keys.tenantOf("")).isEmpty();
    assertThat(keys.tenantOf(ALPHA)).isEmpty();
  }

  @Test
  void aTenantMayHaveSeveralKeys() {
    KeyFile keys = KeyFile.parse(List.of("acme " + ALPHA, "acme " + BETA));

    assertThat(keys.tenantOf("alpha")).contains("acme");
    assertThat(keys.tenantOf("beta")).contains("acme");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"acme", "acme 00", "Acme " + ALPHA, "../x " + ALPHA, ALPHA, "a " + ALPHA + " x"})
  void aWrongLineIsNamedByItsNumberOnly(String line) {
    assertThatThrownBy(() -> KeyFile.parse(List.of("acme " + ALPHA, line)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("line 2")
        .hasMessageNotContaining(ALPHA);
  }

  @Test
  void aFileWithoutKeysIsRefused() {
    assertThatThrownBy(() -> KeyFile.parse(List.of("# none")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theKeyIsReadFromTheHeader() {
    assertThat(Bearer.key("Bearer alpha")).contains("alpha");
    assertThat(Bearer.key("bearer  a.b_c~d+e/f-g==")).contains("a.b_c~d+e/f-g==");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "alpha", "Basic alpha", "Bearer", "Bearer ", "Bearer a b", "Bearer ä"})
  void anotherHeaderHoldsNone(String header) {
    assertThat(Bearer.key(header)).isEmpty();
    assertThat(Bearer.key(null)).isEmpty();
  }
}
