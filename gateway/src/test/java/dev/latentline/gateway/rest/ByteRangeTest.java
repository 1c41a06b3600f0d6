package dev.latentline.gateway.rest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
  @ParameterizedTest
  @CsvSource({
    "bytes=0-0, 0, 0",
    "bytes=0-99, 0, 99",
    "bytes=0-100, 0, 99",
    "bytes=10-, 10, 99",
    "bytes=99-, 99, 99",
    "bytes=-1, 99, 99",
    "bytes=-1000, 0, 99",
    "bytes=5-999999999999999999, 5, 99",
    "bytes=100-, -1, -1",
    "bytes=999999999999-, -1, -1",
    "bytes=-0, -1, -1",
  })
  void aRangeOfAHundredBytes(String header, int first, int last) {
    assertThat(ByteRange.parse(header, 100)).contains(new ByteRange(first, last));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=a-b"})
  void whatIsNoSingleRangeIsIgnored(String header) {
    assertThat(ByteRange.parse(header, 100)).isEmpty();
  }

  @Test
  void tagsAreComparedWeakly() {
    assertThat(EntityTags.match("\"ab\"", "ab")).isTrue();
    assertThat(EntityTags.match("\"x\", W/\"ab\"", "ab")).isTrue();
    assertThat(EntityTags.match("*", "ab")).isTrue();
    assertThat(EntityTags.match("\"abc\"", "ab")).isFalse();
    assertThat(EntityTags.match("ab", "ab")).isFalse();
    assertThat(EntityTags.match(null, "ab")).isFalse();
  }
}
