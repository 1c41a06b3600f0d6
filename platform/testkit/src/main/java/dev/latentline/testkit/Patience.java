package dev.latentline.testkit;

import java.time.Duration;

/**
 * How long a test waits for what must come at last. It costs nothing where that comes, and on a
 * machine that is busy with something else it decides nothing: what the product promises within a
 * time is asserted with a bound of its own.
 */
public final class Patience {
  /** For one condition. */
  public static final Duration SOON = Duration.ofSeconds(120);

  /** For a whole test that waits for several conditions, in seconds: ends one that hangs. */
  public static final int TEST_SECONDS = 600;

  private Patience() {}
}
