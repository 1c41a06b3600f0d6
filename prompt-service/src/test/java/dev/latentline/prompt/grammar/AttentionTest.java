package dev.latentline.prompt.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.latentline.prompt.grammar.Attention.Part;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class AttentionTest {
  /** Those that AUTOMATIC1111 publishes in its parser's documentation. */
  @Test
  void weightsAreThoseThere() {
    assertParts("normal text", weighted("normal text", 1));
    assertParts(
        "an (important) word",
        weighted("an ", 1),
        weighted("important", 1.1),
        weighted(" word", 1));
    assertParts("(unbalanced", weighted("unbalanced", 1.1));
    assertParts("\\(literal\\]", weighted("(literal]", 1));
    assertParts("(unnecessary)(parens)", weighted("unnecessaryparens", 1.1));
    assertParts(
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        weighted("a ", 1),
        weighted("house", 1.5730000000000004),
        weighted(" ", 1.1),
        weighted("on", 1),
        weighted(" a ", 1.1),
        weighted("hill", 0.55),
        weighted(", sun, ", 1.1),
        weighted("sky", 1.4641000000000006),
        weighted(".", 1.1));
  }

  @Test
  void aBreakStandsBetweenWhatItParts() {
    assertParts("a BREAK b", weighted("a", 1), new Part.Break(), weighted("b", 1));
    assertParts("BREAK", weighted("", 1), new Part.Break(), weighted("", 1));
    assertParts("BREAKFAST", weighted("BREAKFAST", 1));
    assertParts("aBREAK BREAK_ 1BREAK", weighted("aBREAK BREAK_ 1BREAK", 1));
    assertParts("\u00fcBREAK", weighted("\u00fcBREAK", 1));
    assertParts("a,BREAK-b", weighted("a,", 1), new Part.Break(), weighted("-b", 1));
    assertParts(
        "(a\nBREAK b:2)c", weighted("a", 2), new Part.Break(), weighted("b", 2), weighted("c", 1));
  }

  @Test
  void whatIsNoWeightIsText() {
    assertParts("a:1.3", weighted("a:1.3", 1));
    assertParts("(a:b)", weighted("a:b", 1.1));
    assertParts("(a:1.2.3)", weighted("a:1.2.3", 1.1));
    assertParts("a)b]", weighted("a)b]", 1));
    assertParts("(a: .5 )", weighted("a", 0.5));
    assertParts("(a:-1)", weighted("a", -1));
    assertParts("(a:2.)", weighted("a", 2));
    assertParts("(a:+.25)", weighted("a", 0.25));
    assertParts("(a:.)", weighted("a:.", 1.1));
    assertParts("(a:1..2)", weighted("a:1..2", 1.1));
    assertParts("(a:1 2)", weighted("a:1 2", 1.1));
    assertParts("", weighted("", 1));
    assertParts("\\\\ \\a", weighted("\\ a", 1));
  }

  @Test
  void hostileTextsTakeNoTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String part : List.of("(", "[", "(a", "((a:", "\\", " ", "BREAK ", "(:1 ")) {
            Attention.parse(part.repeat(32_000 / part.length()));
          }
          for (String part : List.of("1", "1.", ".1", "\u0301", "\u0301BREAK")) {
            Attention.parse(":" + part.repeat(300_000) + "x");
            Attention.parse("(a:" + part.repeat(300_000) + "x)");
          }
        });
  }

  @Test
  void bracketsThatStayOpenTakeLittleMemory() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    Attention.parse("(".repeat(32_000));

    // a number in a box for each of the 100 that are open and each of the texts is 50 MB
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(20_000_000);
  }

  private static Part weighted(String text, double weight) {
    return new Part.Weighted(text, weight);
  }

  private static void assertParts(String prompt, Part... parts) {
    assertThat(Attention.parse(prompt)).containsExactly(parts);
  }
}
