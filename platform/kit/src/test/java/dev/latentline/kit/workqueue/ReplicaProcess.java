package dev.latentline.kit.workqueue;

import dev.latentline.contract.Stage;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.CommonClientConfigs;

/**
 * A replica in a process of its own, to be killed and frozen: holds every record that it gets until
 * the lease is lost, and prints {@code held KEY} and {@code lost KEY}.
 */
public final class ReplicaProcess {
  private ReplicaProcess() {}

  /**
   * @param args bootstrap servers, topic, group, its lock in milliseconds, slots
   */
  public static void main(String[] args) throws InterruptedException {
    Map<String, Object> client = Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    QueueSettings queue =
        new QueueSettings(
            Stage.ENCODER,
            args[1],
            args[2],
            Duration.ofMillis(Long.parseLong(args[3])),
            QueueSettings.DEFAULT_MAX_ATTEMPTS,
            QueueSettings.DEFAULT_SHUTDOWN_GRACE,
            QueueSettings.DEFAULT_STALL_LIMIT);
    StageWork work =
        new StageWork(
            ReplicaProcess::hold,
            WorkItem::attempt,
            id -> false,
            new RecordSink(client),
            InstantSource.system());
    SlotGate gate = SlotGate.shared(Integer.parseInt(args[4]), held -> true);
    for (int member = 0; member < gate.members(); member++) {
      new ShareSlot(queue, client, work, gate, member).start();
    }
    Thread.currentThread().join();
  }

  private static CompletableFuture<Void> hold(WorkItem item) {
    System.out.println("held " + item.key());
    CompletableFuture<Void> ended = new CompletableFuture<>();
    item.lease()
        .onLost(
            () -> {
              System.out.println("lost " + item.key());
              ended.complete(null);
            });
    return ended;
  }
}
