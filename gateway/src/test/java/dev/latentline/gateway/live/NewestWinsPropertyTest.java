package dev.latentline.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A session of random events: prompts, steps, pictures in any order, failures. */
class NewestWinsPropertyTest {
  @Property(tries = 500)
  void everyPromptIsAnsweredOnceAndNothingOlderIsShownAfterSomethingNewer(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int events) {
    Session session = new Session(new Random(seed));
    for (int i = 0; i < events; i++) {
      session.next();
    }
    session.finishAll();

    assertThat(session.answers).hasSize((int) session.prompts);
    assertThat(session.answers.get(session.prompts))
        .as("the newest is never dropped")
        .isNotEqualTo("dropped");
  }

  private static final class Session {
    private final NewestWins<Long> wins = new NewestWins<>();
    private final Set<Long> inFlight = new HashSet<>();
    private final Map<Long, String> answers = new HashMap<>();
    private final Random random;
    private long prompts;
    private long shown = -1;

    Session(Random random) {
      this.random = random;
    }

    void next() {
      if (inFlight.isEmpty() || random.nextInt(3) == 0) {
        prompts++;
        carryOut(wins.offer(prompts, prompts));
      } else {
        happen(any());
      }
      assertThat(inFlight).hasSizeLessThanOrEqualTo(NewestWins.MAX_IN_FLIGHT);
    }

    void finishAll() {
      while (!inFlight.isEmpty()) {
        finish(any());
      }
    }

    private long any() {
      return new ArrayList<>(inFlight).get(random.nextInt(inFlight.size()));
    }

    private void happen(long seq) {
      switch (random.nextInt(4)) {
        case 0 -> finish(seq);
        case 1 -> fail(seq);
        default -> carryOut(wins.stepped(seq, random.nextInt(1000)));
      }
    }

    private void finish(long seq) {
      inFlight.remove(seq);
      carryOut(wins.made(seq));
    }

    private void fail(long seq) {
      inFlight.remove(seq);
      if (!wins.cancelled(seq)) {
        answer(seq, "failed");
      }
      carryOut(wins.ended(seq));
    }

    private void carryOut(List<NewestWins.Order> orders) {
      for (NewestWins.Order order : orders) {
        if (order instanceof NewestWins.Submit<?> submit) {
          assertThat(submit.prompt()).isEqualTo(submit.seq());
          inFlight.add(submit.seq());
        } else if (order instanceof NewestWins.Cancel cancel) {
          assertThat(inFlight).contains(cancel.seq());
        } else if (order instanceof NewestWins.Drop drop) {
          answer(drop.seq(), "dropped");
        } else {
          assertThat(order.seq()).isGreaterThan(shown);
          shown = order.seq();
          answer(order.seq(), "shown");
        }
      }
    }

    private void answer(long seq, String how) {
      assertThat(answers.put(seq, how)).as("answered twice: %d", seq).isNull();
    }
  }
}
