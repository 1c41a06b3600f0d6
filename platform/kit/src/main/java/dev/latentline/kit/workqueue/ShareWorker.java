package dev.latentline.kit.workqueue;

import dev.latentline.kit.topics.TopicAdmin;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/**
 * One replica's part in a work queue: takes its records, as many side by side as it has slots, has
 * them worked at, and says what became of them. Works from its construction until it is closed.
 */
public final class ShareWorker implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ShareWorker.class);

  private final List<ShareSlot> members = new ArrayList<>();
  private final RecordSink sink;

  /**
   * @param client bootstrap servers and security
   * @param slots how many records are worked at side by side
   * @param intake whether one more is taken beside others
   * @param attempts how many attempts count against a record
   * @param cancelled whether a generation's records are to be dropped
   * @param stage works at an item and returns at once; the future ends with null or a failure, and
   *     early when the lease is lost
   */
  public ShareWorker(
      QueueSettings queue,
      Map<String, Object> client,
      int slots,
      Intake intake,
      Attempts attempts,
      Predicate<String> cancelled,
      Function<WorkItem, CompletableFuture<Void>> stage) {
    sink = new RecordSink(client);
    StageWork work = new StageWork(stage, attempts, cancelled, sink, InstantSource.system());
    SlotGate gate = gate(queue, client, slots, intake);
    for (int member = 0; member < gate.members(); member++) {
      members.add(new ShareSlot(queue, client, work, gate, member));
    }
    members.forEach(ShareSlot::start);
  }

  private static SlotGate gate(
      QueueSettings queue, Map<String, Object> client, int slots, Intake intake) {
    if (slots > 1) {
      try (TopicAdmin admin = new TopicAdmin(client)) {
        int partitions = admin.partitions(queue.topic());
        if (partitions > 1) {
          LOG.warnf(
              "topic %s has %d partitions: work may wait for a replica that is busy while another"
                  + " has none, make it anew with 1",
              queue.topic(), partitions);
          return SlotGate.divided(slots);
        }
      }
    }
    return SlotGate.shared(slots, intake);
  }

  /** Whether every slot is a member of its group and takes records. */
  public boolean polling() {
    return members.stream().allMatch(ShareSlot::polling);
  }

  /** Whether work does not end although it was told to. */
  boolean hangs() {
    return members.stream().anyMatch(ShareSlot::hangs);
  }

  /**
   * Takes no record any more and tells the work at those at hand; they get the queue's grace, then
   * they are handed on. Returns at once.
   */
  public void end() {
    members.forEach(ShareSlot::end);
  }

  /** {@link #end Ends} the work and returns when the replica has left its group. */
  @Override
  public void close() {
    end();
    members.forEach(ShareSlot::close);
    sink.close();
  }
}
