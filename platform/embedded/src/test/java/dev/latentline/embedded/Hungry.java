package dev.latentline.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A process for tests: takes all memory in a thread that nobody watches, and goes on. */
final class Hungry {
  private Hungry() {}

  public static void main(String[] args) throws Exception {
    new Thread(
            () -> {
              List<byte[]> eaten = new ArrayList<>();
              while (true) {
                eaten.add(new byte[1 << 20]);
              }
            })
        .start();
    new CountDownLatch(1).await();
  }
}
