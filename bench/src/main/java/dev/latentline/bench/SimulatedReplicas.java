package dev.latentline.bench;

import dev.latentline.contract.Topic;

/** Replicas of one stage at one queue, whose work is to wait. */
interface SimulatedReplicas extends AutoCloseable {
  /** The queue. */
  Topic topic();

  /** One more. */
  void add();

  /** How long one replica is at least at one unit of its work: a step, or a record. */
  double secondsPerUnit();

  /** How many have been made by all. */
  long units();

  /** How many records have been finished by all. */
  int recordsDone();

  /** A record of the queue. */
  byte[] record(String generationId);

  @Override
  void close();
}
