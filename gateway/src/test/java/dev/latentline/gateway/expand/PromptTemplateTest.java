package dev.latentline.gateway.expand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.latentline.contract.Limits;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTemplateTest {
  private static final int SEEDS = 500;
  private static final Wildcards WILDCARDS =
      Wildcards.of(
          Map.of(
              "colours/warm", List.of("# warm ones", "red", "", "  orange  "),
              "colours/all", List.of("__colours/warm__", "2::blue"),
              "fruit", List.of("{an apple|a pear}", "0::a stone")));

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      value = {
        "a {red|blue} apple                 ! a blue apple, a red apple",
        "{a|b}{c|d}                         ! ac, ad, bc, bd",
        "{{a|b} x|c}                        ! a x, b x, c",
        "a {very |}big cat                  ! a big cat, a very big cat",
        "{a}                                ! a",
        "{0::a|b}                           ! b",
        "{0.5::a|.5::b}                     ! a, b",
        "{2$$a|b}                           ! `a, b, b, a`",
        "{2$$ and $$a | b}                  ! a and b, b and a",
        "{2$$$$a|b}                         ! ab, ba",
        "{0-1$$a|b}                         ! `, a, b`",
        "{-1$$a|b}                          ! a, b",
        "{3-$$a|b}                          ! `a, b, b, a`",
        "{5$$0::a|b}                        ! b",
        "__colours/warm__                   ! orange, red",
        "a __colours/all__ one              ! a blue one, a orange one, a red one",
        "__fruit__                          ! a pear, an apple",
        "{2$$__colours/warm__}              ! `orange, red, red, orange`",
        // a backslash makes text
        "\\{a\\|b\\}                        ! {a|b}",
        "{a\\|b|c}                          ! a|b, c",
        "\\__fruit__                        ! __fruit__",
        // what is the prompt's own stays
        "\\(a\\) \\\\ [a|b] (c:1.2) x::2    ! \\(a\\) \\\\ [a|b] (c:1.2) x::2",
        "a_b __ $5 2$$ x                    ! a_b __ $5 2$$ x",
      })
  void eachSeedGivesOneOfWhatATemplateCanBe(String template, String expected) {
    Set<String> found = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      found.add(expand(template, seed));
    }

    assertThat(String.join(", ", found)).isEqualTo(expected);
  }

  @Test
  void weightsSayHowOften() {
    Map<String, Integer> times = new HashMap<>();
    for (long seed = 0; seed < 9_000; seed++) {
      times.merge(expand("{2::a|b}{0.25::c|0.5::d}", seed), 1, Integer::sum);
    }

    // 4 : 2 : 2 : 1 of 9; standard deviations of 47, 42, 42 and 30
    assertThat(times.get("ad")).isBetween(3800, 4200);
    assertThat(times.get("ac")).isBetween(1850, 2150);
    assertThat(times.get("bd")).isBetween(1850, 2150);
    assertThat(times.get("bc")).isBetween(850, 1150);
  }

  @Test
  void severalAreNeverTheSameTwice() {
    Wildcards many =
        Wildcards.of(Map.of("many", List.of("100::a", "b", "0.01::c", "d", "e", "0::never", "f")));
    PromptTemplate template = PromptTemplate.parse("{9$$-$$__many__}", many);

    for (long seed = 0; seed < SEEDS; seed++) {
      assertThat(template.expand(Draws.ofPrompt(seed)).split("-"))
          .containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f");
    }
  }

  @Test
  void aSeedGivesTheSameTextForEver() {
    // manifests pin it, but who sends a seed again counts on it
    assertThat(
            List.of(
                expand("{a|b|c|d} __colours/all__ {2$$e|f|g}", 1),
                expand("{a|b|c|d} __colours/all__ {2$$e|f|g}", 2),
                expand("{a|b|c|d} __colours/all__ {2$$e|f|g}", 9007199254740991L)))
        .containsExactly("b blue g, f", "a red e, f", "d orange f, e");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "a {red|blue              ! { is not closed",
        "a red|blue}              ! } closes nothing",
        "{0::a|0::b}              ! weight 0",
        "{$$a|b}                  ! how many",
        "{2-1$$a|b}               ! smaller number",
        "{2$$MANY}                ! more than 1000 options",
        "${a=b}                   ! not read here",
        "{{{{{{{{{{{a}}}}}}}}}}}  ! deeper than 10",
      })
  void whatCannotBeReadSaysWhy(String template, String reason) {
    String many = "a" + "|a".repeat(Limits.MAX_OPTIONS_OF_SEVERAL);
    String text = template.replace("MANY", many);

    assertThatThrownBy(() -> PromptTemplate.parse(text, WILDCARDS))
        .isInstanceOfSatisfying(
            TemplateException.class, e -> assertThat(e.code()).isEqualTo("invalid_choice"))
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource({
    "__warm__, near it is __colours/warm__",
    "__color/warm__, near it is __colours/warm__",
    "{a|{b|__fruits__}}, near it is __fruit__",
    "__init__, put a backslash before it",
    "__a/../../etc/passwd__, put a backslash before it"
  })
  void anUnknownWildcardIsNamedWithWhatIsNear(String template, String advice) {
    assertThatThrownBy(() -> PromptTemplate.parse(template, WILDCARDS))
        .isInstanceOfSatisfying(
            TemplateException.class, e -> assertThat(e.code()).isEqualTo("unknown_wildcard"))
        .hasMessageContaining(advice);
  }

  @Test
  void howMuchIsChosenAndHowLongItGetsIsBounded() {
    assertThat(expand("{a|a}".repeat(Limits.MAX_CHOICES), 0)).hasSize(Limits.MAX_CHOICES);
    assertThatThrownBy(() -> expand("{a|a}".repeat(Limits.MAX_CHOICES + 1), 0))
        .isInstanceOfSatisfying(
            TemplateException.class, e -> assertThat(e.code()).isEqualTo("too_many"));
    Wildcards apples = Wildcards.of(Map.of("apples", List.of("\ud83c\udf4e".repeat(100))));
    PromptTemplate fits = PromptTemplate.parse("__apples__".repeat(320), apples);
    PromptTemplate tooLong = PromptTemplate.parse("__apples__".repeat(320) + "x", apples);
    assertThat(fits.expand(Draws.ofPrompt(0))).hasSize(2 * Limits.MAX_PROMPT_CODE_POINTS);
    assertThatThrownBy(() -> tooLong.expand(Draws.ofPrompt(0)))
        .isInstanceOfSatisfying(
            TemplateException.class, e -> assertThat(e.code()).isEqualTo("too_long"));
  }

  @Test
  void severalCanBeTakenOfAThousandOptions() {
    assertThat(expand("{999$$,$$a" + "|a".repeat(Limits.MAX_OPTIONS_OF_SEVERAL - 1) + "}", 0))
        .hasSize(2 * 999 - 1);
  }

  @Test
  void whatGetsTooLongIsNotMadeFirst() {
    String separator = "s".repeat(30_000);
    String template = "{999$$" + separator + "$$" + "|".repeat(998) + "}";
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    assertThatThrownBy(() -> expand(template, 0))
        .isInstanceOfSatisfying(
            TemplateException.class, e -> assertThat(e.code()).isEqualTo("too_long"));

    // all of it would be 30 MB
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"__", "{", "\\", "__a", "{1$$", "|", "_"})
  void hostileRepetitionIsReadInOneGo(String part) {
    String text = part.repeat(32_000 / part.length());
    long begin = System.nanoTime();
    try {
      expand(text, 0);
    } catch (TemplateException e) {
      assertThat(e.getMessage()).isNotBlank();
    }

    assertThat(System.nanoTime() - begin).isLessThan(2_000_000_000L);
  }

  private static String expand(String template, long seed) {
    return PromptTemplate.parse(template, WILDCARDS).expand(Draws.ofPrompt(seed));
  }
}
