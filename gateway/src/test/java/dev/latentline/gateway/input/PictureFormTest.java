package dev.latentline.gateway.input;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureFormTest {
  private static final String TYPE = "multipart/form-data; boundary=x-y";
  private static final String DISPOSITION =
      "Content-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data; boundary=x-y",
        "multipart/form-data;boundary=\"x-y\"",
        "Multipart/Form-Data; charset=utf-8; Boundary=x-y",
        "multipart/form-data; boundary=x-y; charset=utf-8",
      })
  void thePartIsReadWhateverIsAroundIt(String type) throws Exception {
    String body = "--x-y\r\n" + DISPOSITION + "\r\n" + "bytes\r\n--x-y--\r\n";
    assertThat(read(type, body)).isEqualTo("bytes");
    assertThat(read(type, "a preamble\r\n" + body + "an epilogue")).isEqualTo("bytes");
    assertThat(read(type, body.replace("--x-y\r\n", "--x-y \t\r\n"))).isEqualTo("bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Type: image/png\r\ncontent-disposition: form-data; name=picture; filename=a\r\n",
        "Content-Disposition: form-data; filename=\"a\"; name=\"picture\"\r\nX: y\r\n",
        "CONTENT-DISPOSITION:form-data;name=\"picture\";filename*=UTF-8''%e2%82%ac\r\n",
      })
  void headersAreReadAsClientsWriteThem(String head) throws Exception {
    assertThat(read(TYPE, "--x-y\r\n" + head + "\r\nbytes\r\n--x-y--")).isEqualTo("bytes");
  }

  @Test
  void whatLooksNearlyLikeABoundaryIsPartOfThePicture() throws Exception {
    String bytes = "\r\n--x-\r\n--x\r\r\n--x-\r\n-\r\n--\r\r\r\n--x-z--x-y";
    assertThat(read(TYPE, "--x-y\r\n" + DISPOSITION + "\r\n" + bytes + "\r\n--x-y--"))
        .isEqualTo(bytes);
  }

  @Test
  void anyBytesAreReadAsTheyAre() throws Exception {
    Random random = new Random(11);
    byte[] few = "\r\n-xy".getBytes(ISO_8859_1);
    for (int i = 0; i < 500; i++) {
      StringBuilder bytes = new StringBuilder();
      for (int length = random.nextInt(60); length > 0; length--) {
        bytes.append(
            (char) (random.nextInt(4) == 0 ? random.nextInt(256) : few[random.nextInt(5)]));
      }
      if (bytes.indexOf("\r\n--x-y") < 0) {
        assertThat(read(TYPE, "--x-y\r\n" + DISPOSITION + "\r\n" + bytes + "\r\n--x-y--"))
            .isEqualTo(bytes.toString());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--x-y--                                                                | picture | missing",
        "--x-y^name=`picture`^^a^--x-y--                                        | picture | wrong_type",
        "--x-y^name=`mask`; filename=`a`^^a^--x-y--                             | ``      | unknown_field",
        "--x-y^name=`picture`; filename=`a`^^a^--x-y^name=`b`^^b^--x-y--        | ``      | unknown_field",
        "--x-y^filename=`a`^^a^--x-y--                                          | ``      | invalid_form",
        "--x-y^^a^--x-y--                                                       | ``      | invalid_form",
        "--x-yz^name=`picture`; filename=`a`^^a^--x-y--                         | ``      | invalid_form",
        "--x-y^name=`picture`; filename=`a`^^a                                  | ``      | invalid_form",
        "--x-y^name=`picture`; filename=`a`^^a^--x-y                            | ``      | invalid_form",
        "--x-y^name=`picture`; filename=`a`                                     | ``      | invalid_form",
        "--x-y                                                                  | ``      | invalid_form",
        "nothing of the kind                                                    | ``      | invalid_form",
        "``                                                                     | ``      | invalid_form",
      })
  void whatIsNoFormOfOnePictureIsRefused(String written, String field, String code) {
    String body =
        (written == null ? "" : written)
            .replace("^", "\r\n")
            .replace("name=`", "Content-Disposition: form-data; name=`")
            .replace("fileContent-Disposition: form-data; name", "filename")
            .replace('`', '"');
    assertThatThrownBy(() -> read(TYPE, body))
        .isInstanceOfSatisfying(
            UnusablePictureException.class,
            e -> {
              assertThat(e.error().field()).isEqualTo(field);
              assertThat(e.error().code()).isEqualTo(code);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=a\u0001",
        "multipart/form-data; xboundary=a",
      })
  void aTypeWithoutABoundaryIsRefused(String type) {
    assertThatThrownBy(() -> read(type, "--a--"))
        .isInstanceOfSatisfying(
            UnusablePictureException.class,
            e -> assertThat(e.error().code()).isEqualTo("invalid_form"));
  }

  @Test
  void aHeadWithoutEndIsReadNoFurtherThanItsLimit() {
    assertThatThrownBy(() -> read(TYPE, "--x-y\r\n" + "a: b\r\n".repeat(100_000)))
        .hasMessageContaining("too long a header");
  }

  private static String read(String type, String body) throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    PictureForm.read(new ByteArrayInputStream(body.getBytes(ISO_8859_1)), type, file);
    return file.toString(ISO_8859_1);
  }
}
