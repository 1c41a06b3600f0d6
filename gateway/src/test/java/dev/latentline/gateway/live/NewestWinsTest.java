package dev.latentline.gateway.live;

import static dev.latentline.gateway.live.NewestWins.LEAD_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latentline.gateway.live.NewestWins.Cancel;
import dev.latentline.gateway.live.NewestWins.Drop;
import dev.latentline.gateway.live.NewestWins.Show;
import dev.latentline.gateway.live.NewestWins.Submit;
import org.junit.jupiter.api.Test;

class NewestWinsTest {
  private final NewestWins<String> wins = new NewestWins<>();

  @Test
  void aPromptIsLetInAtOnceAndItsFrameIsShown() {
    assertThat(wins.offer(1, "a")).containsExactly(new Submit<>(1, "a"));
    assertThat(wins.made(1)).containsExactly(new Show(1));
    assertThat(wins.offer(5, "b")).containsExactly(new Submit<>(5, "b"));
  }

  @Test
  void onlyTheNewestWaits() {
    wins.offer(1, "a");
    assertThat(wins.offer(2, "ab")).isEmpty();
    assertThat(wins.offer(3, "abc")).containsExactly(new Drop(2));
    assertThat(wins.offer(4, "abcd")).containsExactly(new Drop(3));
    assertThat(wins.made(1)).containsExactly(new Show(1), new Submit<>(4, "abcd"));
  }

  @Test
  void theNextIsLetInWhileTheOneBeforeIsBeingFinished() {
    wins.offer(1, "a");
    wins.offer(2, "ab");
    assertThat(wins.stepped(1, LEAD_MILLIS + 1)).isEmpty();
    assertThat(wins.stepped(1, LEAD_MILLIS)).containsExactly(new Submit<>(2, "ab"));
    assertThat(wins.offer(3, "abc")).isEmpty();
    assertThat(wins.stepped(2, 0)).containsExactly(new Submit<>(3, "abc"));
    assertThat(wins.offer(4, "abcd")).isEmpty();
    assertThat(wins.stepped(3, 0)).as("three are the most").isEmpty();
    assertThat(wins.made(1)).containsExactly(new Show(1), new Submit<>(4, "abcd"));
  }

  @Test
  void whatIsInTheLineIsFinishedSoThatTypingShowsPictures() {
    wins.offer(1, "a");
    wins.stepped(1, 60_000);
    assertThat(wins.offer(2, "ab")).isEmpty();
    assertThat(wins.made(1)).containsExactly(new Show(1), new Submit<>(2, "ab"));
  }

  @Test
  void noFrameIsShownAfterANewerOne() {
    wins.offer(1, "a");
    wins.stepped(1, 0);
    wins.offer(2, "ab");
    assertThat(wins.made(2)).containsExactly(new Show(2), new Cancel(1));
    assertThat(wins.cancelled(1)).isTrue();
    assertThat(wins.made(1)).containsExactly(new Drop(1));
    assertThat(wins.made(1)).as("told twice").isEmpty();
  }

  @Test
  void whatIsOvertakenAndLeavesTheLineIsDropped() {
    wins.offer(1, "a");
    wins.stepped(1, 0);
    wins.offer(2, "ab");
    wins.made(2);
    assertThat(wins.ended(1)).containsExactly(new Drop(1));
  }

  @Test
  void whatIsRefusedOrFailsMakesRoomForTheNext() {
    wins.offer(1, "a");
    wins.offer(2, "ab");
    assertThat(wins.ended(1)).containsExactly(new Submit<>(2, "ab"));
    assertThat(wins.ended(1)).as("told twice").isEmpty();
  }

  @Test
  void whatIsLeftWhenNobodyIsThereIsCancelledOnce() {
    wins.offer(1, "a");
    wins.offer(2, "ab");
    assertThat(wins.close()).containsExactly(new Cancel(1));
    assertThat(wins.close()).isEmpty();
    assertThat(wins.ended(1)).as("what waited is forgotten").containsExactly(new Drop(1));
  }

  @Test
  void numbersAscend() {
    wins.offer(7, "a");
    assertThat(wins.newest()).isEqualTo(7);
    assertThatThrownBy(() -> wins.offer(7, "b")).isInstanceOf(IllegalArgumentException.class);
  }
}
