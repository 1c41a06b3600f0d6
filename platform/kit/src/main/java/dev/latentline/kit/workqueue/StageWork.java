package dev.latentline.kit.workqueue;

import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What is done with the records of a queue.
 *
 * @param stage works at an item; its future ends with null or a failure, and it stops early when
 *     the lease is lost
 * @param attempts how many count against a record
 * @param cancelled whether a generation's records are to be dropped
 * @param sink where records go that are not finished
 * @param clock what deadlines are held against
 */
record StageWork(
    Function<WorkItem, CompletableFuture<Void>> stage,
    Attempts attempts,
    Predicate<String> cancelled,
    RecordSink sink,
    InstantSource clock) {}
