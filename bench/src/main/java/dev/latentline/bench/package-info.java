/** Benchmarks, each a program with a table at its end; {@code bench/run} starts them. */
package dev.latentline.bench;
