package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunStopTest {
  private final RunStop stop = new RunStop();
  private final List<String> done = new ArrayList<>();

  @Test
  void whoAskedIsToldOnceWhenItIsStopped() {
    Runnable action = () -> done.add("stopped=" + stop.stopped());
    stop.onStop(action);
    stop.onStop(action);
    assertThat(done).isEmpty();

    stop.stop();
    stop.stop();

    assertThat(done).containsExactly("stopped=true");
  }

  @Test
  void whoAsksLaterIsToldAtOnce() {
    stop.stop();

    stop.onStop(() -> done.add("at once"));

    assertThat(done).containsExactly("at once");
  }
}
