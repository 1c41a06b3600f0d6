package dev.latentline.gateway.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MasterSecretTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";

  @Test
  void oneThatIsMissingOrTooShortIsRefusedWithoutBeingShown() {
    String tooShort = SECRET.substring(1);

    assertThatThrownBy(() -> new MasterSecret(""))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("LATENTLINE_MASTER_SECRET");
    assertThatThrownBy(() -> new MasterSecret(tooShort))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("32")
        .message()
        .doesNotContain(tooShort);
  }

  @Test
  void purposesAndOwnersHaveKeysOfTheirOwn() {
    MasterSecret master = new MasterSecret(SECRET);

    assertThat(master.derive("a", "b")).hasSize(32).isEqualTo(master.derive("a", "b"));
    assertThat(
            Stream.of(
                    master.derive("a", "b"),
                    master.derive("a", "c"),
                    master.derive("b", "b"),
                    master.derive("ab"),
                    master.derive("a", "b", ""),
                    new MasterSecret(SECRET + "0").derive("a", "b"))
                .map(HexFormat.of()::formatHex))
        .doesNotHaveDuplicates();
  }
}
