/**
 * Work queues on Kafka share groups (KIP-932): a stage is one {@code @Incoming} method that takes a
 * {@link dev.latentline.kit.workqueue.WorkItem}; returning acknowledges the record, throwing a
 * {@link dev.latentline.contract.Failure} decides what becomes of it.
 */
package dev.latentline.kit.workqueue;
