package dev.latentline.prompt.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ChunkerTest {
  private static final long COMMA = 9;
  private final Chunker chunker = new Chunker(30, OptionalLong.of(COMMA));

  @Test
  void aFullChunkIsFollowedByAnother() {
    add(1, 61);

    assertThat(lengths()).containsExactly(30, 30, 1);
  }

  @Test
  void whatJustFitsIsOneChunkAndNothingIsAnEmptyOne() {
    assertThat(lengths()).containsExactly(0);

    Chunker full = new Chunker(2, OptionalLong.empty());
    full.add(1, 1);
    full.add(2, 1);
    assertThat(full.chunks()).singleElement().satisfies(c -> assertThat(c.ids()).hasSize(2));
  }

  @Test
  void whatStandsBehindTheLastCommaMovesOverWithItsWeights() {
    add(1, 19);
    chunker.add(COMMA, 1);
    for (int i = 0; i < 11; i++) {
      chunker.add(100 + i, 1 + i);
    }

    List<Chunker.Chunk> chunks = chunker.chunks();
    assertThat(lengths(chunks)).containsExactly(20, 11);
    assertThat(chunks.get(1).ids()).startsWith(100L).endsWith(110L);
    assertThat(chunks.get(1).weights()).startsWith(1f).endsWith(11f);
  }

  @Test
  void noMoreThanNineteenTokensMoveBehindAComma() {
    add(1, 10);
    chunker.add(COMMA, 1);
    add(2, 20);
    assertThat(lengths()).containsExactly(11, 20);

    Chunker earlier = new Chunker(30, OptionalLong.of(COMMA));
    for (int i = 0; i < 31; i++) {
      earlier.add(i == 9 ? COMMA : 1, 1);
    }
    assertThat(lengths(earlier.chunks())).containsExactly(30, 1);
  }

  @Test
  void aCommaThatEndsOrBeginsAChunkMovesNothing() {
    add(1, 29);
    chunker.add(COMMA, 1);
    chunker.add(COMMA, 1);
    add(2, 30);

    assertThat(lengths()).containsExactly(30, 30, 1);
  }

  @Test
  void anEndThatIsAskedForLeavesTheRestEmpty() {
    add(1, 3);
    chunker.end();
    chunker.end();
    add(1, 2);

    assertThat(lengths()).containsExactly(3, 0, 2);
  }

  private void add(long id, int times) {
    for (int i = 0; i < times; i++) {
      chunker.add(id, 1);
    }
  }

  private List<Integer> lengths() {
    return lengths(chunker.chunks());
  }

  private static List<Integer> lengths(List<Chunker.Chunk> chunks) {
    return chunks.stream().map(chunk -> chunk.ids().size()).toList();
  }
}
