package dev.latentline.gateway.line;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeldTest {
  @Test
  void theNewestStayWithinTheBound() {
    Held held = new Held(20);

    assertThat(held.add("acme", "gen_0", 10)).isEmpty();
    assertThat(held.add("acme", "gen_1", 10)).isEmpty();
    assertThat(held.add("acme", "gen_2", 10)).containsExactly("gen_0");
    assertThat(held.add("acme", "gen_3", 10)).containsExactly("gen_1");
  }

  @Test
  void oneThatIsTooLargeAloneIsNotHeldAndLeavesRoomForTheNext() {
    Held held = new Held(10);

    assertThat(held.add("acme", "gen_0", 10)).isEmpty();
    assertThat(held.add("acme", "gen_large", 11)).containsExactly("gen_0", "gen_large");
    assertThat(held.add("acme", "gen_1", 10)).isEmpty();
  }

  @Test
  void theTenantThatHasMostMakesRoom() {
    Held held = new Held(40);
    held.add("other", "gen_0", 10);
    held.add("acme", "gen_1", 10);
    held.add("acme", "gen_2", 10);
    held.add("acme", "gen_3", 10);

    assertThat(held.add("acme", "gen_4", 10)).containsExactly("gen_1");
    assertThat(held.add("other", "gen_5", 10)).containsExactly("gen_2");
    assertThat(held.add("other", "gen_6", 10)).containsExactly("gen_0");
  }
}
