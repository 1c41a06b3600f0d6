package dev.latentline.gateway.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The test vectors of RFC 5869, appendix A, for SHA-256. */
class HkdfTest {
  @Test
  void theBasicVectorA1() {
    assertThat(derive("0b".repeat(22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42))
        .isEqualTo(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  }

  @Test
  void theVectorOfLongInputsA2() {
    assertThat(derive(bytes(0x00, 0x4f), bytes(0x60, 0xaf), bytes(0xb0, 0xff), 82))
        .isEqualTo(
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                + "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  }

  @Test
  void theVectorWithoutSaltAndInfoA3() {
    assertThat(derive("0b".repeat(22), "", "", 42))
        .isEqualTo(
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  }

  @Test
  void aShorterOutputIsTheBeginningOfALongerOne() {
    String all = derive("0b".repeat(22), "", "aa", 8160);

    assertThat(all).startsWith(derive("0b".repeat(22), "", "aa", 1)).hasSize(2 * 8160);
    assertThat(all).startsWith(derive("0b".repeat(22), "", "aa", 64));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 8161})
  void aLengthThatHkdfDoesNotGiveIsRefused(int length) {
    assertThatThrownBy(() -> Hkdf.derive(new byte[32], new byte[0], new byte[0], length))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String derive(String secret, String salt, String info, int length) {
    HexFormat hex = HexFormat.of();
    return hex.formatHex(
        Hkdf.derive(hex.parseHex(secret), hex.parseHex(salt), hex.parseHex(info), length));
  }

  /** All byte values from one to another, as hex. */
  private static String bytes(int first, int last) {
    StringBuilder hex = new StringBuilder();
    IntStream.rangeClosed(first, last).forEach(b -> hex.append(String.format("%02x", b)));
    return hex.toString();
  }
}
