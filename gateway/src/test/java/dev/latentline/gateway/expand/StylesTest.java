package dev.latentline.gateway.expand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StylesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      value = {
        "oil of {prompt}, thick  ! a cat ! oil of a cat, thick",
        "{prompt} and {prompt}   ! a cat ! a cat and a cat",
        "thick                   ! a cat ! a cat, thick",
        "` thick, `              ! ` a cat ` ! a cat, thick,",
        "thick                   ! `` ! thick",
        "``                      ! ` a cat` ! ` a cat`",
        "a {prompt}              ! `` ! `a `",
      })
  void aStyleGoesAroundAPromptOrBehindIt(String style, String prompt, String expected) {
    assertThat(new Style("x", style, "").onPrompt(prompt)).isEqualTo(expected);
    assertThat(new Style("x", "", style).onNegativePrompt(prompt)).isEqualTo(expected);
  }

  @Test
  void aFileOfAutomatic1111sIsReadInItsOrder() {
    Styles styles =
        Styles.parse(
            "name,prompt,negative_prompt\r\n"
                + "sai-anime,\"anime artwork {prompt} . \"\"key\"\" visual,\r\nvibrant\",\"photo, real\"\r\n"
                + "\r\n"
                + "--- mine ---,,\r\n"
                + "short,tiny\r\n");

    assertThat(styles.all())
        .containsExactly(
            new Style(
                "sai-anime", "anime artwork {prompt} . \"key\" visual,\nvibrant", "photo, real"),
            new Style("--- mine ---", "", ""),
            new Style("short", "tiny", ""));
    assertThat(styles.near("sai anime")).containsExactly("sai-anime");
  }

  @Test
  void columnsMayBeInAnotherOrderAndOfAnOlderVersion() {
    assertThat(Styles.parse("text,name\na,b").find("b")).contains(new Style("b", "a", ""));
  }

  @Test
  void whatIsWrongIsSaidOfEveryStyle() {
    assertThatThrownBy(() -> Styles.parse("a,b\nc,d"))
        .hasMessage("the first line must be name,prompt,negative_prompt");
    assertThatThrownBy(() -> Styles.parse("")).hasMessageContaining("the first line");
    assertThatThrownBy(() -> Styles.parse("name,prompt\na,b\n,c\na,d\nx,e\u0007"))
        .hasMessage(
            "style 2: its name has 1 to 128 characters\n"
                + "style 3: there are two of this name\n"
                + "style 4: it holds a control character");
    assertThatThrownBy(() -> Styles.parse("name,prompt\na," + "{prompt}".repeat(9)))
        .hasMessage("style 1: it has {prompt} more than 8 times");
    assertThatThrownBy(() -> Styles.parse("name,prompt\na,\"b"))
        .hasMessage("row 1: a quote is not closed");
    assertThatThrownBy(() -> Styles.parse("name,prompt\na,\"b\"c"))
        .hasMessage("row 1: text follows a closed quote");
  }
}
