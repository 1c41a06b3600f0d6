package dev.latentline.kit.workqueue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SlotGateTest {
  private static final int SOON = 20;

  @Test
  void aReplicaAtNothingWaitsWithItsFirstMember() {
    SlotGate gate = SlotGate.shared(4, held -> true);

    assertThat(gate.members()).isEqualTo(5);
    assertThat(mayWait(gate, 0)).isTrue();
    assertThat(mayWait(gate, 1)).isFalse();
  }

  @Test
  void aReplicaOfOneSlotIsOneMember() {
    SlotGate gate = SlotGate.shared(1, held -> true);

    assertThat(gate.members()).isEqualTo(1);
    assertThat(mayWait(gate, 0)).isTrue();
    gate.took(0);
    gate.left(0);
    assertThat(mayWait(gate, 0)).isTrue();
  }

  @Test
  void atWorkOneFurtherMemberWaitsAtATime() {
    SlotGate gate = SlotGate.shared(4, held -> true);
    take(gate, 0);

    assertThat(mayWait(gate, 1)).isTrue();
    assertThat(mayWait(gate, 2)).isFalse();
    gate.took(1);
    assertThat(mayWait(gate, 2)).isTrue();
  }

  @Test
  void itHoldsNoMoreThanItsSlots() {
    SlotGate gate = SlotGate.shared(2, held -> true);
    take(gate, 0);
    take(gate, 1);

    assertThat(mayWait(gate, 2)).isFalse();
    gate.left(0);
    assertThat(mayWait(gate, 2)).as("the first member waits only at nothing").isTrue();
    assertThat(mayWait(gate, 0)).isFalse();
  }

  @Test
  void itTakesAFurtherOneOnlyWhereOneIsWanted() {
    AtomicBoolean wanted = new AtomicBoolean();
    List<Integer> asked = new ArrayList<>();
    SlotGate gate =
        SlotGate.shared(
            4,
            held -> {
              asked.add(held);
              return wanted.get();
            });
    take(gate, 0);

    assertThat(mayWait(gate, 1)).isFalse();
    assertThat(asked).isNotEmpty().containsOnly(1);
    wanted.set(true);
    assertThat(mayWait(gate, 1)).isTrue();
  }

  @Test
  void whatIsWantedLaterIsNoticed() throws Exception {
    AtomicBoolean wanted = new AtomicBoolean();
    SlotGate gate = SlotGate.shared(4, held -> wanted.get());
    take(gate, 0);
    CompletableFuture<Boolean> second =
        CompletableFuture.supplyAsync(() -> gate.await(1, () -> true));

    wanted.set(true);

    assertThat(second.get(SOON, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aMemberThatIsGoneKeepsNobodyFromWaiting() {
    SlotGate gate = SlotGate.shared(4, held -> true);
    take(gate, 0);
    take(gate, 1);
    gate.left(1);

    assertThat(mayWait(gate, 2)).isTrue();
  }

  @Test
  void aMemberOfTheGroupIsUsedBeforeOneThatMustJoin() throws Exception {
    AtomicBoolean wanted = new AtomicBoolean(true);
    SlotGate gate = SlotGate.shared(4, held -> wanted.get());
    take(gate, 0);
    take(gate, 1);
    take(gate, 2);
    wanted.set(false);
    gate.left(1);
    AtomicBoolean open = new AtomicBoolean(true);

    CompletableFuture<Boolean> mustJoin = asks(gate, 1, open);
    CompletableFuture<Boolean> joined = asks(gate, 2, open);
    wanted.set(true);

    assertThat(joined.get(SOON, TimeUnit.SECONDS)).isTrue();
    open.set(false);
    assertThat(mustJoin.get(SOON, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void onlyAFurtherMemberIsIdleAndOnlyAtNothing() {
    SlotGate gate = SlotGate.shared(4, held -> true);
    take(gate, 0);
    assertThat(mayWait(gate, 1)).isTrue();
    assertThat(gate.isIdle(1)).as("at work").isFalse();

    gate.left(0);

    assertThat(gate.isIdle(1)).isTrue();
    assertThat(gate.isIdle(0)).as("the first member").isFalse();
  }

  @Test
  void theMemberThatWaitsGoesOnWhenTheReplicaIsAtNothingAgain() {
    SlotGate gate = SlotGate.shared(4, held -> true);
    take(gate, 0);
    assertThat(mayWait(gate, 1)).isTrue();
    gate.left(0);

    assertThat(mayWait(gate, 0)).as("the first member has precedence at the broker").isTrue();
    gate.took(1);
    assertThat(mayWait(gate, 2)).as("the first member waits").isFalse();
  }

  @Test
  void ofADividedQueueEveryMemberWaits() {
    SlotGate gate = SlotGate.divided(2);

    assertThat(gate.members()).isEqualTo(2);
    assertThat(gate.first(1)).isTrue();
    take(gate, 0);
    assertThat(mayWait(gate, 1)).isTrue();
  }

  @Test
  void aMemberThatIsClosedWaitsForNothing() {
    SlotGate gate = SlotGate.shared(1, held -> true);

    assertThat(gate.await(0, () -> false)).isFalse();
  }

  private static void take(SlotGate gate, int member) {
    assertThat(mayWait(gate, member)).isTrue();
    gate.took(member);
  }

  /** Returns when the gate knows that the member asks. */
  private static CompletableFuture<Boolean> asks(SlotGate gate, int member, AtomicBoolean open)
      throws InterruptedException {
    CountDownLatch asking = new CountDownLatch(1);
    CompletableFuture<Boolean> answer =
        CompletableFuture.supplyAsync(
            () ->
                gate.await(
                    member,
                    () -> {
                      asking.countDown();
                      return open.get();
                    }));
    assertThat(asking.await(SOON, TimeUnit.SECONDS)).isTrue();
    return answer;
  }

  /** Whether the member may wait at once; one that may not is gone afterwards. */
  private static boolean mayWait(SlotGate gate, int member) {
    int[] looks = {0};
    boolean may = gate.await(member, () -> looks[0]++ == 0);
    if (!may) {
      gate.left(member);
    }
    return may;
  }
}
