/**
 * A Kafka broker, an S3 store and services as child processes that never outlive their parent; for
 * the embedded stack of the command line and for tests. Needs nothing but the JDK.
 */
package dev.latentline.embedded;
