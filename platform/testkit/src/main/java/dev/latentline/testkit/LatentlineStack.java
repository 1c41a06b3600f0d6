package dev.latentline.testkit;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/**
 * Gives a {@code @QuarkusTest} the shared broker and store: annotate it with
 * {@code @QuarkusTestResource(LatentlineStack.class)}.
 */
public final class LatentlineStack implements QuarkusTestResourceLifecycleManager {
  @Override
  public Map<String, String> start() {
    return TestStack.shared().configuration();
  }

  /** The stack is shared; it ends with the JVM. */
  @Override
  public void stop() {}
}
